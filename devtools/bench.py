"""`./dev bench NAME [--json]`: measurements; with --json the last line is one JSON object."""

from devtools.named import run_named

PROGRAMS = {
    "signup": "devtools.bench_signup",
    "checkin": "devtools.bench_checkin",
    "certificates": "devtools.bench_certificates",
    "import": "devtools.bench_import",
    "start": "devtools.bench_start",
}


def main(argv: list[str]) -> int:
    """Run one measurement."""
    return run_named("bench", PROGRAMS, argv)
