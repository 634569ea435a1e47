"""A formula: an expression over named numbers that gives a number; parsed, never run as Python."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from fractions import Fraction
from typing import ClassVar

from attrs import field, frozen

from leanopt_core.space import _terms as terms
from leanopt_core.space._checks import FormulaError
from leanopt_core.space._compiler import compile_number
from leanopt_core.space._syntax import ExpressionText

_NAME = re.compile(r"\[[^\[\]]*\]")
_HINT = "write statistics in square brackets, as [Sharpe Ratio]"


class FormulaText(ExpressionText):
    """The text of one formula; its `names` are the names in square brackets."""

    error: ClassVar = FormulaError

    def unknown(self, _node: ast.Name, _known: Collection[str]) -> tuple[str, str]:
        """Return that a name is no statistic, and how to write one."""
        return "is not a statistic", _HINT


@frozen
class Formula:
    """An expression over statistics in square brackets, made by `parse`.

    For example `[Sharpe Ratio] * min(1, [Total Orders] / 100)`. It supports `+ - * / // %`, `abs`,
    `min`, `max`, numbers and brackets; the rules are those of constraints on parameters.
    `statistics` are the names that it uses, in the order of the text.
    """

    text: str
    statistics: tuple[str, ...]
    _read: Callable[[Sequence[Fraction]], Fraction] = field(eq=False, repr=False)

    @classmethod
    def parse(cls, text: str) -> Formula:
        """Parse a formula.

        Raises FormulaError (text, column, message, hint) if the text is not such an expression, is
        longer than 2000 characters, is nested deeper than 60 levels, or uses no statistic.
        """
        found = list(_NAME.finditer(text))
        source = FormulaText(text, tuple(match.group() for match in found))
        names = [match.group()[1:-1].strip() for match in found]
        for match, name in zip(found, names, strict=True):
            if not name:
                source.fail(match.start() + 1, "names no statistic", _HINT)
        tree = source.parse(_HINT)
        if not found:
            source.fail(1, "uses no statistic", _HINT)
        statistics = tuple(dict.fromkeys(names))
        known = {
            match.group(): terms.of_place(statistics.index(name))
            for match, name in zip(found, names, strict=True)
        }
        read = terms.number_of(compile_number(source, tree, known))
        return cls(" ".join(text.split()), statistics, read)

    def value(self, values: Mapping[str, float]) -> float:
        """Return the formula's value at `values`, finite numbers by name; others are ignored.

        The arithmetic is exact, only the result is rounded. Raises ZeroDivisionError for a division
        by zero, OverflowError if the result is too large for a float.
        """
        return float(self._read([Fraction(values[name]) for name in self.statistics]))
