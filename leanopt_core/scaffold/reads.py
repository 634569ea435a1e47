"""Find the parameters that a syntax tree reads, with defaults, types and texts."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Final

from attrs import frozen

LiteralValue = str | int | float | bool | Decimal
_CONVERSIONS: Final = ("int", "float", "str", "bool")


@frozen
class Read:
    """A parameter as the source reads it: default, conversion, and texts it is compared with.

    `default` is None if the source has none; the conversion `flag` means 0 or 1.
    """

    name: str
    default: LiteralValue | None = None
    made: str | None = None
    texts: tuple[str, ...] = ()


def reads_of(
    tree: ast.Module, constants: Mapping[str, LiteralValue], handed: set[str]
) -> Iterator[Read]:
    """Yield every read of a name from an object called one of `handed`, in order."""
    parents = {child: node for node in ast.walk(tree) for child in ast.iter_child_nodes(node)}
    for node in sorted(parents, key=_position):
        match node:
            case ast.Subscript(value=ast.Name(id=of), slice=ast.Constant(value=str() as name)):
                default = None
            case ast.Call(
                func=ast.Attribute(value=ast.Name(id=of), attr="get"),
                args=[ast.Constant(value=str() as name), *more],
            ):
                default = literal(more[0], constants) if more else None
            case _:
                continue
        if of in handed:
            parent = parents[node]
            yield Read(name, default, _made(parent), _texts(parent))


def _made(parent: ast.AST) -> str | None:
    match parent:
        case ast.Call(func=ast.Name(id=kind)) if kind in _CONVERSIONS:
            return kind
    return None


def _texts(parent: ast.AST) -> tuple[str, ...]:
    """Return the text literals that a value is compared with."""
    if not isinstance(parent, ast.Compare):
        return ()
    inside = [node for part in (parent.left, *parent.comparators) for node in ast.walk(part)]
    beside = [node for node in inside if isinstance(node, ast.Constant)]
    subscripts = [node.slice for node in inside if isinstance(node, ast.Subscript)]
    arguments = [a for node in inside if isinstance(node, ast.Call) for a in node.args]
    own = {id(node) for node in (*subscripts, *arguments)}
    return tuple(n.value for n in beside if isinstance(n.value, str) and id(n) not in own)


def merged(reads: list[Read]) -> tuple[Read, ...]:
    """Merge the reads of each name."""
    found: dict[str, Read] = {}
    for read in reads:
        old = found.get(read.name, Read(read.name))
        default = old.default if old.default is not None else read.default
        texts = tuple(dict.fromkeys((*old.texts, *read.texts)))
        found[read.name] = Read(read.name, default, old.made or read.made, texts)
    return tuple(found.values())


def literal(node: ast.AST | None, constants: Mapping[str, LiteralValue]) -> LiteralValue | None:
    """Return the value of a literal or a constant's name; None for anything else."""
    match node:
        case ast.Constant(value=str() | int() | float() as value):
            return value
        case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=int() | float() as value)):
            return -value
        case ast.Name(id=name):
            return constants.get(name)
    return None


def _position(node: ast.AST) -> tuple[int, int]:
    return (getattr(node, "lineno", 0), getattr(node, "col_offset", 0))
