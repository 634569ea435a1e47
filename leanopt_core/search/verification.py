"""What a verification compares: a stored backtest and the same made again."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from enum import StrEnum

from attrs import frozen

from leanopt_core.outputs import TRADE_FIELDS
from leanopt_core.search.unstored import Again
from leanopt_core.statistics import Figure
from leanopt_core.work import Outcome

#: What differs, by name: the first value and the second.
Differences = dict[str, tuple[Figure, Figure]]


@frozen
class Made:
    """The outcome of a backtest, and its fingerprint if it has one."""

    outcome: Outcome
    fingerprint: str | None = None

    def differences(self, other: Made, tolerance: float = 0.0) -> Differences:
        """Return what differs by more than `tolerance`, relative to the larger value.

        These are statistics, and of returns, curves and trades that both have the first that
        differs. Empty if either backtest failed.
        """
        one, two = self.outcome, other.outcome
        if one.statistics is None or two.statistics is None:
            return {}
        before, now = one.statistics.values, two.statistics.values
        pairs = [(name, before.get(name), now.get(name)) for name in sorted({*before, *now})]
        first = [next(_apart(found, tolerance), None) for found in _outputs(one, two)]
        return {
            name: (was, now) for name, was, now in (*_apart(pairs, tolerance), *filter(None, first))
        }

    def alike(self, other: Made) -> bool | None:
        """Return whether the fingerprints are equal, None if one is unknown."""
        if self.fingerprint is None or other.fingerprint is None:
            return None
        return self.fingerprint == other.fingerprint

    def equals(self, other: Made, tolerance: float = 0.0) -> bool:
        """Return whether nothing differs by more than `tolerance`.

        Failures are equal if their categories are: a message can hold an address or a time.
        """
        one, two = self.outcome.failure, other.outcome.failure
        if one is not None or two is not None:
            return one is not None and two is not None and one.category == two.category
        return not self.differences(other, tolerance) and self.alike(other) is not False


Pair = tuple[str, Figure, Figure]


def _apart(pairs: Sequence[Pair], tolerance: float) -> Iterator[Pair]:
    return (pair for pair in pairs if not _same(*pair[1:], tolerance))


def _same(one: Figure, two: Figure, tolerance: float) -> bool:
    """Return whether two values are equal, or close numbers; a NaN equals a NaN."""
    if one == two:
        return True
    if not isinstance(one, int | float) or not isinstance(two, int | float):
        return False
    both = math.isnan(one) and math.isnan(two)
    return both or (tolerance > 0 and math.isclose(one, two, rel_tol=tolerance))


def _outputs(one: Outcome, two: Outcome) -> Iterator[list[Pair]]:
    """Yield the values by name of each output that both have, besides statistics."""
    if one.returns and two.returns:
        before = dict(zip(one.returns.days, one.returns.values, strict=True))
        now = dict(zip(two.returns.days, two.returns.values, strict=True))
        yield _differing(before, now, lambda day: f"daily return of {date.fromordinal(day)}")
    if one.equity and two.equity:
        before = dict(zip(one.equity.times, one.equity.values, strict=True))
        now = dict(zip(two.equity.times, two.equity.values, strict=True))
        yield _differing(before, now, lambda time: f"equity at {_moment(time)}")
    if one.trades is not None and two.trades is not None:
        yield [("closed trades", len(one.trades), len(two.trades))]
        yield [
            (f"{name} of closed trade {number}", getattr(was, name), getattr(now, name))
            for number, (was, now) in enumerate(zip(one.trades, two.trades, strict=False), 1)
            for name in TRADE_FIELDS
        ]


def _differing(
    before: Mapping[int, float], now: Mapping[int, float], named: Callable[[int], str]
) -> list[Pair]:
    """Return the values of a curve that differ at all: of thousands, only these get a name."""
    return [
        (named(at), before.get(at), now.get(at))
        for at in sorted({*before, *now})
        if before.get(at) != now.get(at)
    ]


def _moment(time: int) -> str:
    try:
        return datetime.fromtimestamp(time, UTC).isoformat()
    except (ValueError, OverflowError, OSError):
        return str(time)


class Cause(StrEnum):
    """Why a backtest differs, as far as two more on fresh workers tell."""

    RANDOM = "not deterministic"  #: the two differ from each other
    ORDER = "depends on earlier backtests"  #: the two give the stored result
    OTHER = "repeatable"  #: the two give the same, and not the stored result


@frozen
class Compared:
    """A stored backtest, and the same made again, on the other harness if there is one.

    `own` is what the run's own harness gives if another is compared, None if it did not run.
    `repeats` are two more, each on a worker that had run nothing; empty if they did not run.
    """

    stored: Again
    other: Made
    own: Made | None = None
    tolerance: float = 0.0
    repeats: tuple[Made, ...] = ()

    @property
    def before(self) -> Made:
        """Return what was stored, with the fingerprint of the run's own harness."""
        own = self.own.fingerprint if self.own else self.stored.fingerprint
        return Made(self.stored.outcome, own)

    @property
    def differences(self) -> Differences:
        """Return what differs by more than the tolerance: stored value, new value."""
        return self.before.differences(self.other, self.tolerance)

    @property
    def repeated(self) -> bool:
        """Return whether the run's own harness repeats what was stored, if it ran."""
        stored = Made(self.stored.outcome)
        return self.own is None or stored.equals(self.own, self.tolerance)

    @property
    def alike(self) -> bool | None:
        """Return whether the fingerprints are equal, None if one is unknown."""
        return self.before.alike(self.other)

    @property
    def equal(self) -> bool:
        """Return whether nothing differs by more than the tolerance."""
        return self.before.equals(self.other, self.tolerance)

    @property
    def result(self) -> str:
        """Return `equal`, `within tolerance`, `differs` or `failed`."""
        if self.equal:
            return "equal" if self.before.equals(self.other) else "within tolerance"
        return "failed" if self.other.outcome.failure else "differs"

    @property
    def cause(self) -> Cause | None:
        """Return why it differs, None if it does not or is not known to."""
        if self.equal or not self.repeats:
            return None
        first, second = self.repeats
        if not first.equals(second, self.tolerance):
            return Cause.RANDOM
        return Cause.ORDER if self.before.equals(first, self.tolerance) else Cause.OTHER


@frozen
class Verification:
    """The result of a verification of `run`.

    `harness` is the run's own. `against` is the one it is compared with, None for the same.
    `changed` has a sentence for each change since the run of something that decides results.
    """

    run: str
    harness: str
    against: str | None
    tolerance: float
    compared: tuple[Compared, ...]
    changed: tuple[str, ...] = ()

    @property
    def different(self) -> int:
        """Return the number of backtests that differ."""
        return sum(not one.equal for one in self.compared)

    @property
    def deterministic(self) -> bool:
        """Return whether no backtest is known to give another result each time."""
        return all(one.cause is not Cause.RANDOM for one in self.compared)

    @property
    def repeated(self) -> bool:
        """Return whether the run's own harness repeats the stored results, as far as it ran."""
        return all(one.repeated for one in self.compared)
