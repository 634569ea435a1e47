"""Constraints on results: `statistic operator value`, as in LEAN's optimizer, with a size."""

from __future__ import annotations

import re
from enum import Enum
from typing import TYPE_CHECKING, Final

from attrs import field, frozen

from leanopt_core.errors import LeanoptError
from leanopt_core.statistics import Statistics, parse_number
from leanopt_core.suggest import nearest

if TYPE_CHECKING:
    from collections.abc import Iterable

#: The smallest size of a violation, for example of a strict comparison at its bound.
SMALLEST: Final = 1e-9
#: The largest size, so that sums stay finite.
LARGEST: Final = 1e100

_SYMBOL = re.compile(r"[<>=!≤≥≠]+")
_WORD = re.compile(r"(?<=\s)[A-Za-z]+(?=\s)")
_MEANT: Final = {"=": "==", "=<": "<=", "=>": ">=", "<>": "!=", "≤": "<=", "≥": ">=", "≠": "!="}


class Operator(Enum):
    """LEAN's six comparisons; the value is the symbol, `lean` the name in LEAN's configuration."""

    LESS = "<"
    LESS_OR_EQUAL = "<="
    GREATER = ">"
    GREATER_OR_EQUAL = ">="
    EQUALS = "=="
    NOT_EQUAL = "!="

    @property
    def lean(self) -> str:
        """Return LEAN's name, such as `lessOrEqual`."""
        first, *rest = self.name.lower().split("_")
        return first + "".join(word.title() for word in rest)

    def holds(self, value: float, bound: float) -> bool:
        """Return whether `value operator bound` is true."""
        order = (value > bound) - (value < bound)
        return order in _ORDERS[self]


_ORDERS: Final = {
    Operator.LESS: {-1},
    Operator.LESS_OR_EQUAL: {-1, 0},
    Operator.GREATER: {1},
    Operator.GREATER_OR_EQUAL: {0, 1},
    Operator.EQUALS: {0},
    Operator.NOT_EQUAL: {-1, 1},
}
_NAMES: Final = {
    **{operator.value: operator for operator in Operator},
    **{operator.lean.casefold(): operator for operator in Operator},
}


class ResultConstraintError(LeanoptError):
    """A constraint on results is not valid: column in the text (from 1), message and hint."""

    exit_code = 3

    def __init__(self, text: str, column: int, message: str, hint: str = "") -> None:
        self.text = text
        self.column = column
        self.message = message
        self.hint = hint
        tail = f" ({hint})" if hint else ""
        super().__init__(f"'{text}', column {column}: {message}{tail}")


@frozen
class ResultConstraint:
    """A bound on one statistic; `statistic` is a name that `Statistics.get` looks up."""

    statistic: str
    operator: Operator
    bound: float
    text: str = field(eq=False)

    @classmethod
    def parse(cls, text: str) -> ResultConstraint:
        """Read a constraint such as `Drawdown <= 25%` or `'Total Orders' greaterOrEqual 30`.

        The statistic may be quoted; the operator is a symbol or LEAN's name for it, in any case;
        the bound is a number or a percentage. Anything else raises ResultConstraintError.
        """
        operator, start, end = _operator(text)
        statistic = _unquoted(text[:start])
        if not statistic:
            raise ResultConstraintError(text, start + 1, "no statistic before the operator")
        bound = _bound(text, end, statistic)
        return cls(statistic, operator, bound, " ".join(text.split()))

    def size(self, value: float) -> float:
        """Return the size of the violation by `value`, 0 if the constraint holds.

        The size is `|value - bound| / |bound|`, or `|value - bound|` for a bound of 0. It is
        limited to `SMALLEST` .. `LARGEST`: a violation is never 0, and sums stay finite.
        """
        if self.operator.holds(value, self.bound):
            return 0.0
        return min(max(abs(value - self.bound) / (abs(self.bound) or 1.0), SMALLEST), LARGEST)

    def violation(self, statistics: Statistics) -> float | None:
        """Return the size for the statistic's value, None if the statistic is missing."""
        value = statistics.get(self.statistic)
        return None if value is None else self.size(value)


@frozen
class SoftConstraint:
    """A constraint whose violation costs fitness: `weight` times its size is the penalty."""

    rule: ResultConstraint
    weight: float = 1.0


def _operator(text: str) -> tuple[Operator, int, int]:
    """Return the operator with its start and end."""
    hidden = _hide_quoted(text)
    symbols = list(_SYMBOL.finditer(hidden))
    if len(symbols) > 1:
        column = symbols[1].start() + 1
        raise ResultConstraintError(
            text, column, "more than one comparison", "write one constraint for each"
        )
    if symbols:
        return _known(text, symbols[0])
    return _worded(text, list(_WORD.finditer(hidden)))


def _known(text: str, match: re.Match[str]) -> tuple[Operator, int, int]:
    symbol = match.group()
    if symbol not in _NAMES:
        hint = f"did you mean '{_MEANT[symbol]}'?" if symbol in _MEANT else _there_are()
        message = f"'{symbol}' is not an operator"
        raise ResultConstraintError(text, match.start() + 1, message, hint)
    return _NAMES[symbol], match.start(), match.end()


def _worded(text: str, words: Iterable[re.Match[str]]) -> tuple[Operator, int, int]:
    last = None
    for last in words:
        if last.group().casefold() in _NAMES:
            return _NAMES[last.group().casefold()], last.start(), last.end()
    near = nearest(last.group(), [operator.lean for operator in Operator]) if last else None
    if last and near:
        message = f"'{last.group()}' is not an operator"
        raise ResultConstraintError(text, last.start() + 1, message, f"did you mean '{near}'?")
    raise ResultConstraintError(text, len(text.rstrip()) + 1, "no operator", _there_are())


def _there_are() -> str:
    return f"choose from: {' '.join(operator.value for operator in Operator)}"


def _hide_quoted(text: str) -> str:
    return re.sub(r"'[^']*'|\"[^\"]*\"", lambda match: "_" * len(match.group()), text)


def _unquoted(statistic: str) -> str:
    statistic = statistic.strip()
    quoted = re.fullmatch(r"'([^']*)'|\"([^\"]*)\"", statistic)
    return (quoted[1] or quoted[2] or "").strip() if quoted else statistic


def _bound(text: str, end: int, statistic: str) -> float:
    given = text[end:].strip()
    column = len(text) - len(text[end:].lstrip()) + 1
    if not given:
        raise ResultConstraintError(text, column, "no bound after the operator")
    bound = parse_number(given)
    if bound is None:
        hint = "write the statistic first" if parse_number(statistic) is not None else ""
        message = f"'{given}' is neither a number nor a percentage"
        raise ResultConstraintError(text, column, message, hint)
    return bound
