"""Combinatorial purged cross-validation of days: each choice of groups is tested by the others."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from itertools import combinations
from typing import ClassVar

from attrs import frozen

from leanopt_core.pipeline.lengths import Days
from leanopt_core.pipeline.splits import Fold, Span


@frozen
class Combinatorial:
    """Contiguous groups of days. Each choice of `tested` groups is a fold that trains on the rest.

    A train day whose label, the days until `purge` days later, overlaps that of neighbouring test
    days is left out, and so are `embargo` days after them. The days of each group stay apart, so
    that folds share backtests. Path j takes each group from the j-th fold that tests it: Lopez de
    Prado, Advances in Financial Machine Learning (2018), 7.4 and 12.4. `warmup` is that of the
    scenarios, None for their own.
    """

    groups: int
    tested: int
    purge: int = 0
    embargo: int = 0
    warmup: Days | None = None

    each: ClassVar[str] = "combination"

    def __str__(self) -> str:
        purge = f", purge {self.purge}d" if self.purge else ""
        embargo = f", embargo {self.embargo}d" if self.embargo else ""
        warmup = "" if self.warmup is None else f", warmup {self.warmup}d"
        return f"{self.groups} groups, {self.tested} tested{purge}{embargo}{warmup}"

    @property
    def spans(self) -> int:
        """Return how many groups a fold trains on, each a span."""
        return self.groups - self.tested

    def folds(self, days: Span) -> tuple[Fold, ...]:
        """Return a fold for each choice of groups, empty if a group that trains has no days."""
        spans = _cut(days, self.groups)
        found = list(self._folds(spans)) if len(spans) == self.groups else []
        complete = all(len(fold.train) == self.spans for fold in found)
        return tuple(found) if complete else ()

    def _folds(self, spans: Sequence[Span]) -> Iterator[Fold]:
        uses = Counter[int]()
        for chosen in combinations(range(self.groups), self.tested):
            runs = list(_runs(spans, chosen))
            trained = (self._left(spans[at], runs) for at in range(self.groups) if at not in chosen)
            uses.update(chosen)
            yield Fold(
                tuple(span for span in trained if span is not None),
                tuple(spans[at] for at in chosen),
                tuple(f"path {uses[at]}" for at in chosen),
                _name(chosen),
            )

    def _left(self, span: Span, runs: Sequence[Span]) -> Span | None:
        """Return the days of a group that train beside these test days, None if no day is left."""
        start, end = span.start, span.end
        for run in runs:
            if run.start > span.end:
                end = min(end, _later(run.start, -self.purge - 1))
            else:
                start = max(start, _later(run.end, self.purge + self.embargo + 1))
        return Span(start, end) if start <= end else None


def _name(chosen: Sequence[int]) -> str:
    """Return what a fold is called that tests these groups."""
    groups = "group" if len(chosen) == 1 else "groups"
    return f"without {groups} {', '.join(str(at + 1) for at in chosen)}"


def _later(day: date, days: int) -> date:
    """Return the day that is so many days later, the first or last one there is beyond these."""
    try:
        return day + timedelta(days)
    except OverflowError:
        return date.max if days > 0 else date.min


def _cut(days: Span, count: int) -> list[Span]:
    """Return groups of equal length, the first ones a day longer; fewer if there are few days."""
    length, longer = divmod((days.end - days.start).days + 1, count)
    sizes = [length + (at < longer) for at in range(count)]
    starts = [sum(sizes[:at]) for at in range(count)]
    return [
        Span(days.start + timedelta(start), days.start + timedelta(start + size - 1))
        for start, size in zip(starts, sizes, strict=True)
        if size
    ]


def _runs(spans: Sequence[Span], chosen: Sequence[int]) -> Iterator[Span]:
    """Yield the days of each run of neighbouring groups."""
    starts = [at for at in chosen if at - 1 not in chosen]
    stops = [at for at in chosen if at + 1 not in chosen]
    for start, stop in zip(starts, stops, strict=True):
        yield Span(spans[start].start, spans[stop].end)
