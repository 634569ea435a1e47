"""The code that decides what a method does: the modules that it imports, without their comments."""

from __future__ import annotations

import ast
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Final

from search.methods import SAMPLERS, stage

if TYPE_CHECKING:
    from collections.abc import Iterator

    from search.methods import Method

#: Where a peer is.
PEERS: Final = {"plain_ga": "peers.plain_ga", "catcma": "peers.catcma"}


def of_method(method: Method) -> Iterator[str]:
    """Yield the code of a method's modules, those first that it is built by."""
    for part in method.parts:
        yield from of_module(stage(part.use).spec.factory.partition(":")[0])
    if method.peer:
        sampled = method.peer in SAMPLERS
        yield from of_module("peers.optuna_samplers" if sampled else PEERS[method.peer])


@cache
def of_module(name: str) -> tuple[str, ...]:
    """Return the code of a module and of all that it imports from its own package."""
    package, codes = name.partition(".")[0], {}
    waiting = [name]
    while waiting:
        one = waiting.pop(0)
        path = _path(one)
        if path is None or one in codes:
            continue
        tree = ast.parse(path.read_text(encoding="utf-8"))
        codes[one] = ast.dump(_bare(tree))
        waiting += [found for found in _imported(tree) if found.partition(".")[0] == package]
    return tuple(codes.values())


def _path(name: str) -> Path | None:
    """Return the file of a module, None for what is none: a name within one."""
    try:
        found = find_spec(name)
    except ModuleNotFoundError:
        return None
    return Path(found.origin) if found and found.origin else None


def _imported(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def _bare(tree: ast.Module) -> ast.Module:
    """Return a module without its docstrings."""
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if isinstance(body, list):
            body[:] = [one for one in body if not _is_text(one)]
    return tree


def _is_text(node: ast.AST) -> bool:
    return (
        isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
    )
