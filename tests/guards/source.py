"""The product's source as trees, for the guards; a guard is a function of a folder, so that a planted fault can prove it."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "chengjiu_mp"

Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class Module:
    """One module: its path below the package ("core/db.py"), its text and tree."""

    name: str
    text: str
    tree: ast.Module

    @property
    def slice(self) -> str:
        """Return the slice's folder, "" for a module of the package root."""
        return self.name.partition("/")[0] if "/" in self.name else ""


def modules(package: Path = PACKAGE) -> Iterator[Module]:
    """Yield every module of a package."""
    for file in sorted(package.rglob("*.py")):
        text = file.read_text(encoding="utf-8")
        yield Module(file.relative_to(package).as_posix(), text, ast.parse(text))


def functions(tree: ast.AST) -> Iterator[Function]:
    """Yield every function, nested ones too."""
    yield from (node for node in ast.walk(tree) if isinstance(node, Function))


def imported(node: ast.AST) -> list[str]:
    """Return the dotted names that an import statement asks for; a from-import gives the module and each name in it."""
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom):
        return [node.module or "", *(f"{node.module}.{alias.name}" for alias in node.names)]
    return []


def plant(package: Path, name: str, text: str) -> Path:
    """Write a module into a package made for a test, and return the package."""
    file = package / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")
    return package
