"""Parse an expression's text to a syntax tree of bounded size, with columns for messages."""

from __future__ import annotations

import ast
import warnings
from collections.abc import Collection
from typing import ClassVar, NoReturn

from attrs import field, frozen

from leanopt_core.space._checks import ExpressionError

LONGEST = 2000
"""Maximum length of one expression."""

_RIGHT = ("==", "<=", ">=", "!=")
_PAIRS = {
    "&&": "and",
    "||": "or",
    "<>": "!=",
    "=<": "<=",
    "=>": ">=",
    "\N{LESS-THAN OR EQUAL TO}": "<=",
    "\N{GREATER-THAN OR EQUAL TO}": ">=",
    "\N{NOT EQUAL TO}": "!=",
}
_SINGLES = {
    "!": "write not, or != for unequal",
    "=": "write == for equality",
    "%": "write 0.25 for 25%",
}


@frozen
class ExpressionText:
    """The text of one expression; finds a node's position in it.

    `names` are parts of the text that are one name each, although Python would read them otherwise.
    """

    error: ClassVar[type[ExpressionError]] = ExpressionError

    text: str
    names: tuple[str, ...] = ()
    _margin: int = field(init=False)
    _bytes: bytes = field(init=False, repr=False)

    @_margin.default
    def _count_margin(self) -> int:
        return len(self.text) - len(self.text.lstrip())

    @_bytes.default
    def _encode(self) -> bytes:
        return self.text.strip().encode(errors="replace")

    def unknown(self, node: ast.Name, known: Collection[str]) -> tuple[str, str]:
        """Return the problem with a name that is not among the `known` ones, and a hint."""
        raise NotImplementedError

    def parse(self, hint: str = "") -> ast.expr:
        """Return the tree; raises the text's `error` if it is not an expression or too long.

        `hint` is used if the text cannot be parsed and its spelling does not say why.
        """
        if len(self.text) > LONGEST:
            self.fail(1, f"is longer than {LONGEST} characters")
        if not self._bytes:
            self.fail(1, "is empty")
        if "\n" in self.text or "\r" in self.text:
            self.fail(1, "must be on one line")
        plain = self._plain()
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                return ast.parse(plain, mode="eval").body
        except SyntaxError as error:
            # Python gives column 0 if the text ends too early.
            before = plain[: error.offset - 1] if error.offset else plain
            column = self._column(len(before.encode()))
            self.fail(column, "cannot be read", _spelling(plain) or hint)
        except (ValueError, MemoryError, RecursionError):
            self.fail(1, "cannot be read", hint)

    def column(self, node: ast.expr) -> int:
        """Return the column of the node's first character, from 1."""
        return self._column(node.col_offset)

    def written(self, node: ast.expr) -> str:
        """Return the node's text."""
        return self._bytes[node.col_offset : node.end_col_offset].decode()

    def refuse(self, node: ast.expr, message: str, hint: str = "") -> NoReturn:
        """Raise the text's `error` at `node`."""
        self.fail(self.column(node), message, hint)

    def fail(self, column: int, message: str, hint: str = "") -> NoReturn:
        """Raise the text's `error` at `column`."""
        raise self.error(self.text, column, message, hint)

    def _plain(self) -> str:
        """Return the text with its `names` as identifiers of the same length in bytes."""
        plain = self._bytes
        for name in self.names:
            plain = plain.replace(found := name.encode(errors="replace"), b"_" * len(found))
        return plain.decode()

    def _column(self, place: int) -> int:
        """Return the column of the character at this byte, from 1."""
        return self._margin + len(self._bytes[:place].decode(errors="ignore")) + 1


def value_names(tree: ast.expr) -> list[ast.Name]:
    """Return the names used as values, in the order of the text, but those of functions."""
    nodes = list(ast.walk(tree))
    called = {id(node.func) for node in nodes if isinstance(node, ast.Call)}
    found = [node for node in nodes if isinstance(node, ast.Name) and id(node) not in called]
    return sorted(found, key=lambda node: node.col_offset)


def _spelling(text: str) -> str:
    """Return a hint for an operator of another language, or an empty text."""
    for wrong, right in _PAIRS.items():
        if wrong in text:
            return f"write {right} instead of {wrong}"
    for right in _RIGHT:
        text = text.replace(right, "")
    return next((hint for sign, hint in _SINGLES.items() if sign in text), "")
