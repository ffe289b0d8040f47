"""`./dev prove NAME [--json]`: real processes and real kills, bounded in time. Never part of `./dev test`."""

from devtools.named import run_named

PROGRAMS: dict[str, str] = {
    "certificates": "devtools.prove_certificates",
    "import": "devtools.prove_import",
    "checkin": "devtools.prove_checkin",
    "broker": "devtools.prove_broker",
}


def main(argv: list[str]) -> int:
    """Run one proof."""
    return run_named("prove", PROGRAMS, argv)
