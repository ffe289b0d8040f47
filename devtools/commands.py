"""The commands of `./dev`: what each is for, and which lock it needs. Standard library only."""

from typing import NamedTuple


class Command(NamedTuple):
    """One word after `./dev`."""

    module: str  # `devtools.<module>.main(argv) -> exit code`
    lock: str  # requirements/<lock>.txt is installed before it runs
    usage: str
    purpose: str
    needs_decoder: bool = False  # the QR decoder of the scan page, from the npm lock


COMMANDS = {
    "run": Command(
        "run",
        "run",
        "run [--port N] [--host ADDRESS] [--data DIR] [--no-demo]",
        "start web, worker, beat and a Redis-protocol server; Ctrl-C stops them all",
        needs_decoder=True,
    ),
    "test": Command("test", "test", "test [pytest arguments]", "run the tests", needs_decoder=True),
    "check": Command("check", "test", "check", "format, lint, types and the guard tests", needs_decoder=True),
    "flask": Command("flask_command", "run", "flask [--data DIR] …", "a command of the application, on a data folder"),
    "seed": Command(
        "seed", "run", "seed --profile demo|blackbox --data DIR [--out F]", "fill a data folder; repeatable"
    ),
    "cases": Command("cases", "run", "cases F [--json]", "compare the rules with a file of worked cases"),
    "bench": Command("bench", "test", "bench NAME [--json]", "measure (without a name: list)", needs_decoder=True),
    "prove": Command("prove", "test", "prove NAME [--json]", "real processes, real kills (without a name: list)"),
    "lock": Command("lock", "test", "lock [--upgrade]", "compile requirements/*.txt from pyproject.toml (needs uv)"),
}


def usage() -> str:
    """Return the text for `./dev` without a known command."""
    width = max(len(command.usage) for command in COMMANDS.values())
    lines = [f"  ./dev {command.usage:<{width}}  {command.purpose}" for command in COMMANDS.values()]
    return "usage: ./dev COMMAND …\n\n" + "\n".join(lines)
