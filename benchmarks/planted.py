"""Sources in which every number has become a reading of a parameter of its own."""

from __future__ import annotations

import ast
import re

from attrs import frozen

#: Numbers where C# wants a constant: beside texts and comments, in marks, cases and defaults.
ELSEWHERE = re.compile(
    r"""["']|//|^\s*(?:[\[#*]|case\b)|\bconst\b|\b(?:int|decimal|double)\s+\w+\s*=\s*\d+\s*(?:,$|\))"""
)
NUMBER = re.compile(r"(?<![\w.])(\d+)(?![\w.])")
#: A default that stands in the last line of a function's parameters.
LAST = re.compile(r"^\s*(?:int|decimal|double)\s+\w+\s*=\s*\d+\s*$")
PREFIX = "planted-"


@frozen
class Planted:
    """A source, and the names of the parameters that were planted in it."""

    text: str
    names: tuple[str, ...]


def planted_csharp(text: str) -> Planted:
    """Plant parameters in C#, in lines without texts and comments."""
    names: list[str] = []

    def reading(found: re.Match[str]) -> str:
        names.append(f"{PREFIX}{len(names)}")
        return f'GetParameter("{names[-1]}", {found[1]})'

    written, comment = [], False
    for line in text.split("\n"):
        comment = comment or "/*" in line
        skipped = comment or ELSEWHERE.search(line) or LAST.match(line)
        written.append(line if skipped else NUMBER.sub(reading, line))
        comment = comment and "*/" not in line
    return Planted("\n".join(written), tuple(names))


def planted_python(text: str) -> Planted:
    """Plant parameters in Python, where its own grammar lets expressions stand."""
    planter = _Planter()
    tree = planter.visit(ast.parse(text))
    return Planted(ast.unparse(ast.fix_missing_locations(tree)), tuple(planter.names))


class _Planter(ast.NodeTransformer):
    def __init__(self) -> None:
        self.names: list[str] = []

    def visit_Constant(self, node: ast.Constant) -> ast.expr:
        if isinstance(node.value, bool) or not isinstance(node.value, int | float):
            return node
        self.names.append(f"{PREFIX}{len(self.names)}")
        called = ast.Attribute(ast.Name("self", ast.Load()), "get_parameter", ast.Load())
        return ast.Call(called, [ast.Constant(self.names[-1]), node], [])

    def visit_MatchValue(self, node: ast.MatchValue) -> ast.MatchValue:
        return node
