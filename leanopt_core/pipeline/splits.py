"""From days to folds of train and test days: pure functions that know no scenario."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from typing import ClassVar, Protocol

from attrs import evolve, frozen

from leanopt_core.pipeline.lengths import Days, Length


@frozen
class Span:
    """The days from `start` to `end`, both included."""

    start: date
    end: date

    def __str__(self) -> str:
        return f"{self.start} to {self.end}"

    def last(self, length: Length) -> Span:
        """Return the last days of this length, all days if they are no more."""
        first = None if self.end == date.max else length.before(self.end + timedelta(1))
        return self if first is None else Span(max(first, self.start), self.end)


@frozen
class Fold:
    """Train days that judge trials, and test days for chosen ones.

    `paths` names for each of the `tests` the path that it is a piece of. `name` is what the search
    is called, by default its train days.
    """

    train: tuple[Span, ...]
    tests: tuple[Span, ...] = ()
    paths: tuple[str, ...] = ()
    name: str = ""

    def __str__(self) -> str:
        return self.name or ", ".join(map(str, self.train))


class Split(Protocol):
    """What turns days into folds; as a text it says how.

    `each` is what a fold is called. `warmup` is that of the scenarios, None for their own.
    """

    each: ClassVar[str]

    @property
    def warmup(self) -> Days | None:
        """Return the warm-up in days."""
        ...

    @property
    def spans(self) -> int:
        """Return how many train spans a fold has."""
        ...

    def folds(self, days: Span) -> tuple[Fold, ...]:
        """Return the folds of these days, each with other train days; empty if none fits."""
        ...


@frozen
class WalkForward:
    """Windows that move over the days: a train span, and after `embargo` a test span.

    Each combination of a train and a test length has windows of its own. The next one starts
    `step` later, by default the test's length. With `anchored`, all train spans start at the first
    day. Months are counted from the first day, and end with the month if it has no such day.
    `warmup` is that of the scenarios in each window, None for their own; it moves no day.
    """

    train: tuple[Length, ...]
    test: tuple[Length, ...]
    step: Length | None = None
    anchored: bool = False
    embargo: Length | None = None
    warmup: Days | None = None

    each: ClassVar[str] = "window"

    def __str__(self) -> str:
        train, test = (" or ".join(map(str, lengths)) for lengths in (self.train, self.test))
        step = f", step {self.step}" if self.step else ""
        embargo = f", embargo {self.embargo}" if self.embargo else ""
        warmup = "" if self.warmup is None else f", warmup {self.warmup}d"
        return f"train {train}, test {test}{step}{embargo}{warmup}{', anchored' * self.anchored}"

    @property
    def spans(self) -> int:
        """Return 1: a window trains on one span."""
        return 1

    def folds(self, days: Span) -> tuple[Fold, ...]:
        """Return the windows that fit into these days, those of the first lengths first."""
        return merged(
            fold
            for train in self.train
            for test in self.test
            for fold in self._windows(days, train, test)
        )

    def _windows(self, days: Span, train: Length, test: Length) -> Iterator[Fold]:
        at, path = Length(), (f"{train}/{test}",)
        while True:
            learned = at + train
            waited = learned + self.embargo if self.embargo else learned
            trained = between(days, Length() if self.anchored else at, learned)
            tested = between(days, waited, waited + test)
            if trained is None or tested is None:
                return
            yield Fold((trained,), (tested,), path)
            at += self.step or test


def between(days: Span, start: Length, end: Length) -> Span | None:
    """Return the days from `start` until before `end` after the first one, None if not all fit."""
    first, after = start.after(days.start), end.after(days.start)
    if first is None or after is None:
        return None
    last = after - timedelta(1)
    return Span(first, last) if last <= days.end else None


def merged(folds: Iterable[Fold]) -> tuple[Fold, ...]:
    """Return folds with equal train days as one, with the tests of all."""
    found: dict[tuple[Span, ...], Fold] = {}
    for fold in folds:
        known = found.setdefault(fold.train, fold)
        if known is not fold:
            tests, paths = (*known.tests, *fold.tests), (*known.paths, *fold.paths)
            found[fold.train] = evolve(known, tests=tests, paths=paths)
    return tuple(found.values())
