"""Python code without comments, docstrings and layout, in a form that every Python gives alike."""

from __future__ import annotations

import ast
import json
from collections.abc import Iterator
from typing import Any

#: The first line of a form; it changes if equal code would get another form.
_HEAD = "leanopt code 1"
# Derived from other fields, or about comments.
_LEFT_OUT = frozenset({"ctx", "kind", "type_comment", "type_ignores"})
_DOCUMENTED = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)


class _Mark(str):
    """Text of the form itself, beside names and values."""

    __slots__ = ()


def code_form(source: bytes) -> bytes:
    """Return the code of a source file; equal for two files that differ in how they are written.

    Neither `ast.dump` nor `ast.unparse` is the same under all versions of Python. Raises
    SyntaxError, ValueError, RecursionError or MemoryError for a source that this Python cannot
    parse.
    """
    found = [_HEAD]
    # A long sum is a tree as deep: no recursion.
    waiting: list[Any] = [ast.parse(source)]
    while waiting:
        item = waiting.pop()
        if isinstance(item, _Mark):
            found.append(item)
        elif isinstance(item, ast.Constant):
            found.append(_constant(item.value))
        elif isinstance(item, ast.AST):
            found.append(f"({type(item).__name__}")
            waiting += [_Mark(")"), *reversed(list(_members(item)))]
        elif isinstance(item, list):
            found.append("[")
            waiting += [_Mark("]"), *reversed(item)]
        else:
            found.append(_constant(item))
    return "\n".join(found).encode("ascii")


def _members(node: ast.AST) -> Iterator[Any]:
    """Yield name and value of each field that has a value; newer versions have more fields."""
    for name, value in ast.iter_fields(node):
        given = value
        if name == "body" and isinstance(node, _DOCUMENTED) and ast.get_docstring(node) is not None:
            given = value[1:]
        elif name == "values" and isinstance(node, ast.JoinedStr):
            given = list(_joined(value))
        elif name == "format_spec" and isinstance(value, ast.JoinedStr):
            given = value if list(_joined(value.values)) else None
        if name not in _LEFT_OUT and given is not None and given != []:
            yield _Mark(name)
            yield given


def _joined(parts: list[Any]) -> Iterator[Any]:
    """Yield the parts of an f-string, with texts beside each other as one: versions differ."""
    text = ""
    for part in parts:
        if isinstance(part, ast.Constant):
            text += str(part.value)
            continue
        if text:
            yield ast.Constant(text)
        text = ""
        yield part
    if text:
        yield ast.Constant(text)


def _constant(value: object) -> str:
    """Return a value with its type; equal texts are equal values."""
    if isinstance(value, str):
        return json.dumps(value)
    if isinstance(value, bytes):
        return f"bytes {value.hex()}"
    if isinstance(value, bool) or value is None or value is ...:
        return repr(value)
    if isinstance(value, int):
        return hex(value)
    if isinstance(value, float):
        return f"float {value.hex()}"
    if isinstance(value, complex):
        return f"complex {value.real.hex()} {value.imag.hex()}"
    raise TypeError(type(value).__name__)
