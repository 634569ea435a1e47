"""A backtest's statistics, looked up as LEAN's optimizer looks them up."""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Mapping
from decimal import Decimal
from functools import lru_cache

from attrs import field, frozen

from leanopt_core.suggest import nearest

Figure = float | str | None

_NUMBER = re.compile(
    r"(?P<sign>[+-]?)(?P<before>[^\d\s+\-.,%]{0,5})\s?(?P<inner>[+-]?)"
    r"(?P<digits>(?:[1-9]\d{0,2}(?:,\d{3})+|\d+)(?:\.\d*)?|\.\d+)(?:[eE](?P<power>[+-]?\d{1,4}))?"
    r"\s?(?P<percent>%?)",
    re.ASCII,
)
# Most figures, which need no looking into; no float is too small for them.
_PLAIN = re.compile(r"-?\d{1,15}(?:\.\d{0,15})?", re.ASCII)
# What LEAN writes before money where it is no currency sign by Unicode's reckoning.
_SIGNS = frozenset({"Kč", "zł", "*", *"ɃŁΞεξ✕◎●Ð◈ȺɱꜩɨΜⓩӾɌϑ⨎⟁ⱠꞤ"})
_LETTERS = re.compile(r"Fr|Ag|Au|kr|Ft|R|Rp|[A-Z]{3,5}")
# The parts of a LEAN document that say how the strategy did. The others are charts and orders, or
# differ from run to run (`state`, `serverStatistics`).
_LEAN_SECTIONS = ("runtimeStatistics", "totalPerformance")


def number(text: str) -> float | None:
    """Return the plain number that `text` stands for, None where it is no number.

    `25%` is 0.25, `$1,234.50` and `-$1,234.50` are 1234.5 and -1234.5; other currency signs and
    codes, thousands separators and exponents are understood as LEAN writes them, in every locale
    alike. NaN, infinity, `0,25` and what no float holds are no numbers.
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
    """Say whether what stands before the digits is nothing, or a currency's sign."""
    sign = match["before"]
    if sign.isascii() and sign.isalpha():
        # `EMA20` is a text; LEAN writes money with its decimals: `USDC20.00`.
        return _LETTERS.fullmatch(sign) is not None and "." in match["digits"]
    return not sign or sign in _SIGNS or any(unicodedata.category(c) == "Sc" for c in sign)


def _figure(value: object) -> Figure:
    if isinstance(value, str):
        plain = number(value)
        return value if plain is None else plain
    if type(value) is float and math.isfinite(value):
        return value
    if isinstance(value, bool | int | float | Decimal):
        # What no float holds stays as a text: unknown, and `missing` can say why.
        return float(value) if _holds(value) else f"{Decimal(value):.6g}"
    return None


def _holds(value: float | Decimal) -> bool:
    try:
        return math.isfinite(float(value))
    except (OverflowError, ValueError):  # too large; a signalling NaN
        return False


def _gather(section: Mapping[str, object], prefix: str, into: dict[str, Figure]) -> None:
    """Note the figures of a section and of those in it, by flat names."""
    for name, value in section.items():
        # Asking whether something is a Mapping is slow, and most statistics are numbers.
        if isinstance(value, str | float | int):
            into[f"{prefix}{name}"] = _figure(value)
        elif isinstance(value, Mapping):
            _gather(value, f"{prefix}{name}.", into)
        elif not isinstance(value, list | tuple):
            into[f"{prefix}{name}"] = _figure(value)


def _figures(document: Mapping[str, object]) -> dict[str, Figure]:
    found: dict[str, Figure] = {}
    bare = document.get("statistics")
    if not isinstance(bare, Mapping):
        _gather(document, "", found)
        return found
    _gather(bare, "", found)
    sections = {name: document[name] for name in _LEAN_SECTIONS if name in document}
    _gather(sections, "", found)
    return found


@lru_cache(maxsize=4096)
def _segments(name: str) -> tuple[str, ...]:
    """Return the path's segments, folded, without brackets and quotes, as LEAN's optimizer does."""
    path = name.strip().translate(str.maketrans("", "", "[]'\"")).casefold().split(".")
    segments = tuple(segment.strip() for segment in path)
    return segments[1:] if len(segments) > 1 and segments[0] == "statistics" else segments


@lru_cache(maxsize=4096)
def _compact(name: str) -> tuple[str, ...]:
    return tuple(re.sub(r"[\s_-]", "", segment) for segment in _segments(name))


# All backtests of a run have statistics of the same names.
@lru_cache(maxsize=256)
def _meant(name: str, known: tuple[str, ...]) -> tuple[str, ...]:
    """Return those of the `known` names that `name` may mean, by another writing of it."""
    wanted = _segments(name)
    exact = tuple(key for key in known if _segments(key) == wanted)
    return exact or _ending(_compact(name), known)


def _ending(wanted: tuple[str, ...], known: tuple[str, ...]) -> tuple[str, ...]:
    bare = tuple(key for key in known if _compact(key) == wanted)
    # The runtime statistics repeat names of others in money, so they are asked for in full.
    return bare or tuple(
        key
        for key in known
        if _compact(key)[-len(wanted) :] == wanted and _compact(key)[0] != "runtimestatistics"
    )


def _shown(value: Figure) -> str:
    if isinstance(value, str):
        return f"the text '{value}', not a number"
    return "unknown" if value is None else repr(value)


def _checked(_: object, __: object, values: Mapping[str, Figure]) -> None:
    for name, value in values.items():
        if isinstance(value, float) and not math.isfinite(value):
            raise ValueError(f"statistic '{name}': {value} is no usable number")


def _sorted(values: Mapping[str, Figure]) -> Mapping[str, Figure]:
    # What is said of them must not depend on whether they were stored meanwhile.
    return dict(sorted(values.items()))


@frozen
class Statistics:
    """What a backtest's engine says about it, by flat names; unknown is None.

    LEAN's statistics have their bare names (`Sharpe Ratio`), those of sections dotted ones
    (`totalPerformance.tradeStatistics.profitFactor`). Per cents are fractions. NaN and infinity
    raise ValueError here; `read` takes them for unknown.
    """

    values: Mapping[str, Figure] = field(factory=dict, converter=_sorted, validator=_checked)

    @classmethod
    def read(cls, document: Mapping[str, object]) -> Statistics:
        """Return the statistics of a LEAN result document, or of a mapping of statistics.

        Nested mappings are flattened, texts that stand for numbers become numbers (see `number`),
        lists are left out. Of a LEAN document (it has a `statistics` section) only the sections
        that say how the strategy did are taken. NaN, infinity and numbers too large are kept as
        texts, which are no numbers. Reading `values` again gives the same.
        """
        return cls(_figures(document))

    def get(self, name: str) -> float | None:
        """Return the number that `name` leads to, None where there is none.

        Looked up as LEAN's optimizer does: upper and lower case alike, a bare name or a dotted
        path, `Statistics.` before it or not, segments in `['...']` or not. Beyond that the end of
        a path is enough where only one name ends so, spaces or not: `Profit Factor`.
        """
        found = self._find(name)
        value = self.values[found[0]] if len(found) == 1 else None
        return value if isinstance(value, float | int) else None

    def missing(self, name: str) -> str:
        """Say why `get(name)` is None: the name tried and the nearest ones present."""
        found = self._find(name)
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

    def _find(self, name: str) -> tuple[str, ...]:
        """Return the names that `name` may mean: one where it is clear, none if unknown."""
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
        """Profit over the whole time as a fraction of the start equity."""
        return self._first("Net Profit", "totalPerformance.portfolioStatistics.totalNetProfit")

    @property
    def compounding_annual_return(self) -> float | None:
        """Compound return a year, a fraction."""
        return self.get("Compounding Annual Return")

    @property
    def drawdown(self) -> float | None:
        """Largest fall from a peak of the equity, a fraction of that peak, 0 or more."""
        return self.get("Drawdown")

    @property
    def sharpe_ratio(self) -> float | None:
        """Sharpe ratio a year."""
        return self._first("Sharpe Ratio", "totalPerformance.portfolioStatistics.sharpeRatio")

    @property
    def sortino_ratio(self) -> float | None:
        """Sortino ratio a year."""
        return self._first("Sortino Ratio", "totalPerformance.portfolioStatistics.sortinoRatio")

    @property
    def win_rate(self) -> float | None:
        """Share of trades that won, 0 to 1."""
        return self._first("Win Rate", "totalPerformance.tradeStatistics.winRate")

    @property
    def profit_factor(self) -> float | None:
        """Sum of the winning trades' profits over that of the losing ones' losses, 0 or more."""
        return self._first("totalPerformance.tradeStatistics.profitFactor", "Profit Factor")

    @property
    def annual_standard_deviation(self) -> float | None:
        """Standard deviation of the returns a year, a fraction."""
        return self.get("Annual Standard Deviation")

    @property
    def total_fees(self) -> float | None:
        """Fees paid, in the account's currency."""
        return self.get("Total Fees")
