"""A filter: an expression over named values that is true or false; parsed, never run as Python."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Collection, Iterable, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import ClassVar, TypeAlias

from attrs import field, frozen

from leanopt_core.space import _terms as terms
from leanopt_core.space._checks import FilterError, quoted
from leanopt_core.space._compiler import compile_check
from leanopt_core.space._numbers import Kind
from leanopt_core.space._syntax import ExpressionText, value_names
from leanopt_core.space._terms import Check, Term

#: A name in square brackets, a text in quotes, or a percentage: `%` between values is a remainder.
_SPECIAL = re.compile(
    r"'[^']*'|\"[^\"]*\"|(?P<bracketed>\[[^\[\]]+\])"
    r"|(?P<percent>(?<![\w.])\d+(?:\.\d+)?%)(?=\s*(?:$|[)<>=!,]|and\b|or\b))"
)

_QUOTED = re.compile(r"'[^']*'|\"[^\"]*\"")

#: Values in the order of a filter's `names`.
Values: TypeAlias = Sequence[Fraction | int | str | bool]


class FilterText(ExpressionText):
    """The text of one filter; its `names` have spaces or brackets, or are percentages."""

    error: ClassVar = FilterError

    def unknown(self, _node: ast.Name, _known: Collection[str]) -> tuple[str, str]:
        """Return that a name is read as another one: all others are known."""
        return "is read as another name", "write it in square brackets"


@frozen
class Filter:
    """An expression over named values, made by `parse`; the grammar is that of constraints.

    A name with spaces stands as it is if it is known, else in square brackets; `25%` is 0.25.
    `names` are the names that it uses, in the order of the text.
    """

    text: str
    names: tuple[str, ...]
    _check: Check = field(eq=False, repr=False)

    @classmethod
    def parse(
        cls, text: str, spaced: Iterable[str], kinds: Callable[[str], frozenset[Kind]]
    ) -> Filter:
        """Parse a filter; `spaced` are known names with spaces.

        `kinds` returns the kinds of a name's values, or raises LookupError with the problem and a
        hint. Raises FilterError (text, column, message, hint) if the text is not such an expression
        or uses no name.
        """
        special = _special(text, spaced)
        source = FilterText(text, tuple(sorted(special, key=len, reverse=True)))
        _check_quoted(source)
        tree = source.parse("write a name with spaces in square brackets, as [Sharpe Ratio] > 1")
        names: list[str] = []
        known: dict[str, Term] = {}
        for node in value_names(tree):
            written = source.written(node)
            if (percent := special.get(written)) is not None and not isinstance(percent, str):
                known[written] = terms.of_value(percent)
            elif written not in known:
                name = special.get(written, written)
                known[written] = _term(source, node, str(name), names, kinds)
        check = compile_check(source, tree, known)
        if not names:
            source.fail(1, "uses no name")
        return cls(text, tuple(names), check)

    def holds(self, values: Values) -> bool:
        """Return whether it holds for values in the order of `names`; floats are not exact."""
        # What reads levels reads these just as well.
        return self._check(values)  # type: ignore[arg-type]


def _special(text: str, spaced: Iterable[str]) -> dict[str, str | Decimal]:
    """Return parts of the text that are one name or number each, with what they mean."""
    found: dict[str, str | Decimal] = {}
    for match in _SPECIAL.finditer(text):
        if bracketed := match["bracketed"]:
            found[bracketed] = bracketed[1:-1].strip()
        elif percent := match["percent"]:
            found[percent] = Decimal(percent[:-1]) / 100
    plain = _SPECIAL.sub(lambda match: " " * len(match[0]), text)
    for name in sorted(spaced, key=len, reverse=True):
        pattern = rf"(?<!\w){re.escape(name)}(?!\w)"
        for match in re.finditer(pattern, plain, re.IGNORECASE):
            found[match[0]] = name
        plain = re.sub(pattern, lambda match: " " * len(match[0]), plain, flags=re.IGNORECASE)
    return found


def _check_quoted(source: FilterText) -> None:
    """Refuse a name that stands in a quoted text too: it would be read as a name there."""
    for match in _QUOTED.finditer(source.text):
        if name := next((name for name in source.names if name in match[0]), None):
            hint = f"write [{name}] for the name"
            source.fail(match.start() + 1, f"{match[0]} has the name {name} in it", hint)


def _term(
    source: FilterText,
    node: ast.Name,
    name: str,
    names: list[str],
    kinds: Callable[[str], frozenset[Kind]],
) -> Term:
    """Return the term of a name, at its place among the names."""
    if name in ("true", "false"):
        return terms.of_value(name == "true")
    try:
        kind = kinds(name)
    except LookupError as error:
        problem, hint = error.args
        source.refuse(node, f"{quoted(name)} {problem}", hint)
    if name not in names:
        names.append(name)
    return terms.of_place(names.index(name), kind)
