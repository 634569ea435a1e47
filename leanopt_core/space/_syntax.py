"""Parse a constraint's text to a syntax tree of bounded size, with columns for messages."""

from __future__ import annotations

import ast
import warnings
from typing import NoReturn

from attrs import field, frozen

from leanopt_core.space._checks import ConstraintError

LONGEST = 2000
"""Maximum length of one constraint."""

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
class ConstraintText:
    """The text of one constraint; finds a node's position in it."""

    text: str
    _margin: int = field(init=False)
    _bytes: bytes = field(init=False, repr=False)

    @_margin.default
    def _count_margin(self) -> int:
        return len(self.text) - len(self.text.lstrip())

    @_bytes.default
    def _encode(self) -> bytes:
        return self.text.strip().encode(errors="replace")

    def parse(self, hint: str = "") -> ast.expr:
        """Return the tree; raises ConstraintError if the text is not an expression or too long.

        `hint` is used if the text cannot be parsed and its spelling does not say why.
        """
        if len(self.text) > LONGEST:
            self.fail(1, f"is longer than {LONGEST} characters")
        if not self._bytes:
            self.fail(1, "is empty")
        if "\n" in self.text or "\r" in self.text:
            self.fail(1, "must be on one line")
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                return ast.parse(self._bytes.decode(), mode="eval").body
        except SyntaxError as error:
            # Python gives column 0 if the text ends too early.
            column = self._margin + (error.offset or len(self.text.strip()) + 1)
            self.fail(column, "cannot be read", _spelling(self.text) or hint)
        except (ValueError, MemoryError, RecursionError):
            self.fail(1, "cannot be read", hint)

    def column(self, node: ast.expr) -> int:
        """Return the column of the node's first character, from 1."""
        return self._margin + len(self._bytes[: node.col_offset].decode()) + 1

    def written(self, node: ast.expr) -> str:
        """Return the node's text."""
        return self._bytes[node.col_offset : node.end_col_offset].decode()

    def refuse(self, node: ast.expr, message: str, hint: str = "") -> NoReturn:
        """Raise a ConstraintError at `node`."""
        self.fail(self.column(node), message, hint)

    def fail(self, column: int, message: str, hint: str = "") -> NoReturn:
        """Raise a ConstraintError at `column`."""
        raise ConstraintError(self.text, column, message, hint)


def _spelling(text: str) -> str:
    """Return a hint for an operator of another language, or an empty text."""
    for wrong, right in _PAIRS.items():
        if wrong in text:
            return f"write {right} instead of {wrong}"
    for right in _RIGHT:
        text = text.replace(right, "")
    return next((hint for sign, hint in _SINGLES.items() if sign in text), "")
