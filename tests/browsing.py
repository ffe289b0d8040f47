"""How the tests start Chromium: without its own traffic, which a closed network would refuse by the hundred."""

FLAGS = (
    "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
)  # fmt: skip
