"""Finds the files that import statements lead to, without running them."""

# Paths are strings here, as imports use them.
# ruff: noqa: PTH112, PTH118, PTH119, PTH120

from __future__ import annotations

import ast
import os
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.machinery import BYTECODE_SUFFIXES, EXTENSION_SUFFIXES, SOURCE_SUFFIXES

from leanopt_harness.project import Project
from leanopt_harness.sources import Sources

# In the order in which an import prefers them.
_SUFFIXES = (*EXTENSION_SUFFIXES, *SOURCE_SUFFIXES, *BYTECODE_SUFFIXES)


@dataclass(frozen=True)
class _Module:
    """A module of the project: its dotted name, its file, and the package its dots start from."""

    name: str
    path: str
    package: str


def closure(project: Project, sources: Sources) -> set[str]:
    """Return the paths of the project's own files that its entry imports, at any depth.

    The entry is included. Statements inside functions and conditions count, and so does
    `import_module("name")` with a constant; packages add their `__init__.py`. Names are resolved
    in the project folder only. Raises OSError if a file cannot be read.
    """
    found: dict[str, str] = {}
    waiting = [project.module]
    while waiting:
        for module in _modules(waiting.pop(), project.roots):
            if module.name not in found and project.relative(module.path) is not None:
                found[module.name] = module.path
                waiting.extend(_imports(module, sources.read(module.path)))
    return set(found.values())


def _modules(name: str, roots: tuple[str, ...]) -> Iterator[_Module]:
    """Yield the modules of a dotted name, its packages first, as far as they are found."""
    folders = list(roots)
    parent = ""
    for part in name.split("."):
        places = [os.path.join(folder, part) for folder in folders]
        dotted = f"{parent}.{part}" if parent else part
        path = next(filter(os.path.isfile, _candidates(places)), None)
        if path is not None:
            is_package = os.path.basename(path).startswith("__init__.")
            yield _Module(dotted, path, dotted if is_package else parent)
            places = [os.path.dirname(path)] if is_package else []
        folders = [place for place in places if os.path.isdir(place)]
        parent = dotted


def _candidates(places: list[str]) -> Iterator[str]:
    for place in places:
        yield from (os.path.join(place, f"__init__{suffix}") for suffix in _SUFFIXES)
        yield from (place + suffix for suffix in _SUFFIXES)


def _imports(module: _Module, source: bytes) -> Iterator[str]:
    """Yield the absolute dotted names that a module's import statements may mean."""
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError):
        return  # a broken or a compiled file: nothing to follow
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from _from(node, module.package)
        elif isinstance(node, ast.Call):
            yield from _called(node)


def _from(node: ast.ImportFrom, package: str) -> Iterator[str]:
    base = node.module or ""
    if node.level:
        parts = package.split(".") if package else []
        if node.level > len(parts):
            return  # climbs out of the project; Python refuses it too
        base = ".".join([*parts[: len(parts) - node.level + 1], *([base] if base else [])])
    yield base
    yield from (f"{base}.{alias.name}" for alias in node.names if alias.name != "*")


def _called(node: ast.Call) -> Iterator[str]:
    """Yield the constant name given to `import_module` or `__import__`."""
    called = node.func
    name = called.attr if isinstance(called, ast.Attribute) else getattr(called, "id", None)
    if name in ("import_module", "__import__") and node.args:
        first = node.args[0]
        if isinstance(first, ast.Constant) and isinstance(first.value, str):
            yield first.value
