"""Commands that are a family of named programs: `./dev bench NAME`, `./dev prove NAME`."""

import importlib
import sys


def run_named(family: str, programs: dict[str, str], argv: list[str]) -> int:
    """Run `programs[NAME]`, a module with `main(argv) -> int`; without a known name list them and return 2."""
    module = programs.get(argv[0]) if argv else None
    if module is None:
        print(f"usage: ./dev {family} NAME [--json]\nnames: {', '.join(programs) or 'none yet'}", file=sys.stderr)
        return 2
    return int(importlib.import_module(module).main(argv[1:]))
