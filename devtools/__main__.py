"""`python -m devtools COMMAND …`, inside the environment that the bootstrap made."""

import importlib
import sys

from devtools.commands import COMMANDS, usage


def main(argv: list[str]) -> int:
    """Run one command; return its exit code."""
    command = COMMANDS.get(argv[0]) if argv else None
    if command is None:
        print(usage(), file=sys.stderr)
        return 2
    module = importlib.import_module(f"devtools.{command.module}")
    return int(module.main(argv[1:]))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
