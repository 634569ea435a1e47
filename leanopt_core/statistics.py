"""A backtest's statistics, looked up as in LEAN's optimizer."""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Mapping
from decimal import Decimal
from functools import lru_cache
from typing import Any, Final

from attrs import field, frozen

from leanopt_core.read_only import by_name
from leanopt_core.shown import shown
from leanopt_core.suggest import nearest

Figure = float | str | None

_NUMBER = re.compile(
    r"(?P<sign>[+-]?)(?P<before>[^\d\s+\-.,%]{0,5})\s?(?P<inner>[+-]?)"
    r"(?P<digits>(?:[1-9]\d{0,2}(?:,\d{3})+|\d+)(?:\.\d*)?|\.\d+)(?:[eE](?P<power>[+-]?\d{1,4}))?"
    r"\s?(?P<percent>%?)",
    re.ASCII,
)
# Made once: every backtest has many figures.
_NUMBERS: Final = (float, int)
_NUMERIC: Final = (*_NUMBERS, Decimal)
_USUAL: Final = (*_NUMBERS, str)
# Most figures match this simple pattern; no float is too small for them.
_PLAIN = re.compile(r"-?\d{1,15}(?:\.\d{0,15})?", re.ASCII)
# Prefixes of money in LEAN's output that Unicode does not count as currency signs.
_SIGNS = frozenset({"Kč", "zł", "*", *"ɃŁΞεξ✕◎●Ð◈ȺɱꜩɨΜⓩӾɌϑ⨎⟁ⱠꞤ"})
_LETTERS = re.compile(r"Fr|Ag|Au|kr|Ft|R|Rp|[A-Z]{3,5}")
# The sections of a LEAN document with results. The others are charts and orders, or differ from
# run to run (`state`, `serverStatistics`).
_LEAN_SECTIONS = ("runtimeStatistics", "totalPerformance")


def parse_number(text: str) -> float | None:
    """Parse a number as LEAN writes it; return None if `text` is not a number.

    `25%` is 0.25, `-$1,234.50` is -1234.5. Other currency signs and codes, thousands separators and
    exponents are read too, independent of the locale. NaN, infinity, `0,25` and numbers too large
    for a float are not numbers.
    """
    if _PLAIN.fullmatch(text):
        return float(text)
    match = _NUMBER.fullmatch(text.strip())
    if match is None or (match["sign"] and match["inner"]) or not _money(match):
        return None
    power = int(match["power"] or 0) - 2 * len(match["percent"])
    digits = match["digits"].replace(",", "")
    plain = float(f"{match['sign'] or match['inner']}{digits}e{power}")
    return plain if math.isfinite(plain) else None


def _money(match: re.Match[str]) -> bool:
    """Return whether the text before the digits is empty or a currency sign."""
    sign = match["before"]
    if sign.isascii() and sign.isalpha():
        # `EMA20` is text; LEAN writes money with decimals: `USDC20.00`.
        return _LETTERS.fullmatch(sign) is not None and "." in match["digits"]
    return not sign or sign in _SIGNS or any(unicodedata.category(c) == "Sc" for c in sign)


def _figure(value: object) -> Figure:
    if isinstance(value, str):
        plain = parse_number(value)
        return value if plain is None else plain
    if isinstance(value, _NUMERIC):
        # A number too large for a float stays text: unknown, and `missing` can say why.
        return float(value) if _holds(value) else f"{Decimal(value):.6g}"
    return None


def _holds(value: float | Decimal) -> bool:
    try:
        return math.isfinite(float(value))
    except (OverflowError, ValueError):  # too large; a signalling NaN
        return False


def _gather(section: Mapping[str, object], prefix: str, into: dict[str, Figure]) -> None:
    """Add the figures of a section and its subsections, by flat names."""
    for name, value in section.items():
        # Most are such numbers, and isinstance(Mapping) is slow.
        if type(value) is float and math.isfinite(value):
            into[f"{prefix}{name}"] = value
        elif isinstance(value, _USUAL):
            into[f"{prefix}{name}"] = _figure(value)
        elif isinstance(value, Mapping):
            _gather(value, f"{prefix}{name}.", into)
        elif not isinstance(value, list | tuple):
            into[f"{prefix}{name}"] = _figure(value)


def _figures(document: Mapping[str, object]) -> dict[str, Figure]:
    found: dict[str, Figure] = {}
    bare = document.get("statistics")
    # isinstance(Mapping) is slow, and most documents have no such section.
    if bare is None or not isinstance(bare, Mapping):
        _gather(document, "", found)
        return found
    _gather(bare, "", found)
    sections = {name: document[name] for name in _LEAN_SECTIONS if name in document}
    _gather(sections, "", found)
    return found


@lru_cache(maxsize=4096)
def _segments(name: str) -> tuple[str, ...]:
    """Return the path's segments, casefolded, without brackets and quotes, as LEAN does."""
    path = name.strip().translate(str.maketrans("", "", "[]'\"")).casefold().split(".")
    segments = tuple(segment.strip() for segment in path)
    return segments[1:] if len(segments) > 1 and segments[0] == "statistics" else segments


@lru_cache(maxsize=4096)
def _compact(name: str) -> tuple[str, ...]:
    return tuple(re.sub(r"[\s_-]", "", segment) for segment in _segments(name))


# All backtests of a run have the same statistics: cache the lookup.
@lru_cache(maxsize=256)
def _meant(name: str, known: tuple[str, ...]) -> tuple[str, ...]:
    """Return the `known` names that match `name` in another spelling."""
    wanted = _segments(name)
    exact = tuple(key for key in known if _segments(key) == wanted)
    return exact or _ending(_compact(name), known)


def _ending(wanted: tuple[str, ...], known: tuple[str, ...]) -> tuple[str, ...]:
    bare = tuple(key for key in known if _compact(key) == wanted)
    # Runtime statistics repeat other names as amounts of money, so they need their full name.
    return bare or tuple(
        key
        for key in known
        if _compact(key)[-len(wanted) :] == wanted and _compact(key)[0] != "runtimestatistics"
    )


def _shown(value: Figure) -> str:
    if isinstance(value, str):
        return f"the text '{value}', not a number"
    return "unknown" if value is None else repr(value)


def _checked(_: object, __: object, values: Mapping[Any, Any]) -> None:
    for name, value in values.items():
        if not isinstance(name, str):
            raise TypeError(f"the name {shown(name)} of a statistic is not a text")
        # The usual kinds first: every backtest has many.
        if (type(value) is float and math.isfinite(value)) or value is None:
            continue
        if isinstance(value, _NUMBERS):
            if not _holds(value):
                raise ValueError(f"statistic '{name}': {shown(value)} is not a valid number")
        elif not isinstance(value, str):
            found = type(value).__name__
            raise TypeError(f"statistic '{name}' is {found}, expected a number, a text or None")


@frozen
class Statistics:
    """The statistics of a backtest by flat name; an unknown one is None.

    LEAN's statistics have plain names (`Sharpe Ratio`), those of sections dotted names
    (`totalPerformance.tradeStatistics.profitFactor`). Percentages are fractions. NaN, infinity and
    ints too large for a float raise ValueError here, values of other types TypeError; `read` takes
    them. `values` is read-only.
    """

    # Messages must be the same whether the statistics come from memory or from the store.
    values: Mapping[str, Figure] = field(factory=dict, converter=by_name, validator=_checked)

    @classmethod
    def read(cls, document: Mapping[str, object]) -> Statistics:
        """Return the statistics of a LEAN result document or of a mapping.

        Nested mappings are flattened, numeric text becomes numbers (see `parse_number`), lists are
        left out. From a LEAN document (it has a `statistics` section) only the sections with
        results are taken. NaN, infinity and numbers too large stay text. Reading `values` again
        gives the same.
        """
        return cls(_figures(document))

    def get(self, name: str) -> float | None:
        """Return the number called `name`, None if there is none.

        The lookup is that of LEAN's optimizer: case does not matter, the name is plain or a dotted
        path, with or without `Statistics.` in front and `['...']` around segments. In addition, the
        end of a path is enough if only one name ends so, with or without spaces: `Profit Factor`.
        """
        found = self.find(name)
        value = self.values[found[0]] if len(found) == 1 else None
        return value if isinstance(value, _NUMBERS) else None

    def has(self, name: str) -> bool:
        """Return whether one statistic is clearly meant by `name`, also if its value is unknown."""
        return len(self.find(name)) == 1

    def missing(self, name: str) -> str:
        """Return why `get(name)` is None, with the closest names."""
        found = self.find(name)
        if len(found) > 1:
            return f"statistic '{name}' could be any of: {', '.join(found)}"
        if found and self.values[found[0]] is None and self.total_orders == 0:
            return f"statistic '{name}' is unknown: the backtest made no orders"
        if found:
            return f"statistic '{name}' is {_shown(self.values[found[0]])}"
        if not self.values:
            return f"no statistic '{name}': the backtest reported none"
        bare = [key for key in self.values if "." not in key]
        near = nearest(name, self.values)
        hint = f"did you mean '{near}'?" if near else f"choose from: {', '.join(sorted(bare))}"
        return f"no statistic '{name}': {hint}"

    def find(self, name: str) -> tuple[str, ...]:
        """Return the names that `name` may mean: one if it is clear, none if it is unknown."""
        return (name,) if name in self.values else _meant(name, tuple(self.values))

    def _first(self, *names: str) -> float | None:
        return next((value for name in names if (value := self.get(name)) is not None), None)

    @property
    def total_orders(self) -> float | None:
        """Number of orders; older LEAN calls it `Total Trades`."""
        return self._first("Total Orders", "Total Trades")

    @property
    def closed_trades(self) -> float | None:
        """Number of closed trades, from the trade statistics."""
        return self.get("totalPerformance.tradeStatistics.totalNumberOfTrades")

    @property
    def net_profit(self) -> float | None:
        """Profit over the whole time, as a fraction of the starting equity."""
        return self._first("Net Profit", "totalPerformance.portfolioStatistics.totalNetProfit")

    @property
    def compounding_annual_return(self) -> float | None:
        """Compound annual return, a fraction."""
        return self.get("Compounding Annual Return")

    @property
    def drawdown(self) -> float | None:
        """Maximum drawdown, a fraction of the peak equity, 0 or more."""
        return self.get("Drawdown")

    @property
    def sharpe_ratio(self) -> float | None:
        """Annual Sharpe ratio."""
        return self._first("Sharpe Ratio", "totalPerformance.portfolioStatistics.sharpeRatio")

    @property
    def sortino_ratio(self) -> float | None:
        """Annual Sortino ratio."""
        return self._first("Sortino Ratio", "totalPerformance.portfolioStatistics.sortinoRatio")

    @property
    def win_rate(self) -> float | None:
        """Fraction of winning trades, 0 to 1."""
        return self._first("Win Rate", "totalPerformance.tradeStatistics.winRate")

    @property
    def profit_factor(self) -> float | None:
        """Gross profit divided by gross loss, 0 or more."""
        return self._first("totalPerformance.tradeStatistics.profitFactor", "Profit Factor")

    @property
    def annual_standard_deviation(self) -> float | None:
        """Annual standard deviation of returns, a fraction."""
        return self.get("Annual Standard Deviation")

    @property
    def total_fees(self) -> float | None:
        """Fees paid, in the account's currency."""
        return self.get("Total Fees")
