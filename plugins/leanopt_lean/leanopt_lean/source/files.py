"""Finds and reads a project's source files."""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Final

from attrs import frozen

from leanopt_core.api import StrategyError
from leanopt_lean.compiler import project_file
from leanopt_lean.snapshot import files_of
from leanopt_lean.source.csharp import read_csharp
from leanopt_lean.source.csharp_project import AFTER, BEFORE, compiled, defined
from leanopt_lean.source.facts import Language
from leanopt_lean.source.python import read_python
from leanopt_lean.source.python_expressions import last
from leanopt_lean.source.syntax import Unit

#: The main file of a Python algorithm.
MAIN: Final = "main.py"
#: Functions that import the module named by their first argument.
_LOADING: Final = ("import_module", "__import__")
_LARGEST: Final = 16 * 1024 * 1024


@frozen
class Files:
    """A project's language and the content of its files, by relative name."""

    language: Language
    units: dict[str, Unit]


def read_files(project: Path, apart: Collection[Path] = (), main: str = MAIN) -> Files:
    """Read the files of a project, without `apart`; a Python project begins in `main`.

    Raises StrategyError if the folder is not a project, or a file is unreadable.
    """
    if not project.is_dir():
        raise StrategyError(f"strategy.project: {project} is not a folder")
    names = frozenset(files_of(project, apart))
    file = project_file(project)
    if main in names and file:
        raise StrategyError(f"{project} has {main} and {file}; keep one language")
    if main in names:
        return Files(Language.PYTHON, dict(_python(project, main, names)))
    if file is None:
        found = ", ".join(sorted(name for name in names if name.endswith(".py"))[:8])
        hint = f"; found: {found}" if found else ""
        raise StrategyError(f"{project} has neither {main} nor a .csproj{hint}")
    read = {one: _text(project / one) for one in (BEFORE, file, AFTER) if one in (file, *names)}
    # What Directory.Build.props removes, the SDK adds again.
    behind = [text for one, text in read.items() if one != BEFORE]
    sources = compiled((name for name in sorted(names) if name.endswith(".cs")), behind)
    return Files(Language.CSHARP, dict(_csharp(project, sources, defined(read.values()))))


def _csharp(
    project: Path, names: Collection[str], symbols: Collection[str]
) -> Iterator[tuple[str, Unit]]:
    for name in names:
        yield name, _read_csharp(name, _text(project / name), symbols)


def _read_csharp(name: str, text: str, symbols: Collection[str]) -> Unit:
    try:
        return read_csharp(name, text, symbols)
    except RecursionError:
        raise StrategyError(f"{name} is nested too deeply to be read") from None


def _python(project: Path, main: str, names: Collection[str]) -> Iterator[tuple[str, Unit]]:
    """Yield the algorithm's file, then those of the project that it imports, and so on."""
    waiting, seen = [main], {main}
    while waiting:
        # In order, so that the algorithm's own file comes first.
        name = waiting.pop(0)
        try:
            tree = ast.parse(_text(project / name), name)
            yield name, read_python(name, tree)
        except (SyntaxError, ValueError) as error:
            raise StrategyError(f"{project / name} is not valid Python: {error}") from None
        except RecursionError:
            raise StrategyError(f"{name} is nested too deeply to be read") from None
        fresh = [one for one in _imported(name, tree) if one in names and one not in seen]
        # Modules can import each other.
        seen.update(fresh)
        waiting += dict.fromkeys(fresh)


def _imported(name: str, tree: ast.Module) -> Iterator[str]:
    """Yield the files that a module may import, whether they are there or not."""
    for node in ast.walk(tree):
        match node:
            case ast.Import(names=names):
                modules = [alias.name for alias in names]
            case ast.ImportFrom(module=module, names=names, level=level):
                above = Path(name).parts[:-level] if level else ()
                base = ".".join((*above, *([module] if module else [])))
                inside = [alias.name for alias in names if alias.name != "*"]
                modules = [base, *(f"{base}.{one}" if base else one for one in inside)]
            case ast.Call(func=called, args=[ast.Constant(value=str() as module), *_]) if (
                last(called) in _LOADING
            ):
                modules = [module]
            case _:
                continue
        for one in modules:
            yield from _module(one.split("."))


def _module(names: list[str]) -> Iterator[str]:
    """Yield the files that importing a module would run: of its packages, and its own."""
    for length in range(1, len(names) + 1):
        here = "/".join(names[:length])
        yield from (f"{here}.py", f"{here}/__init__.py")


def _text(file: Path) -> str:
    try:
        if file.stat().st_size > _LARGEST:
            raise StrategyError(f"{file} is larger than 16 MiB; no source is")
        # Editors on Windows may begin a file with a byte order mark.
        return file.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise StrategyError(f"{file} is not UTF-8 text (byte {error.start})") from None
    except OSError as error:
        raise StrategyError(f"{file} cannot be read: {error.strerror}") from None
