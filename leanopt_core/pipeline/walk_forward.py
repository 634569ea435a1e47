"""Read `[walk_forward]`: windows over the days of the scenario."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Final

from attrs import evolve

from leanopt_core.pipeline.expand import days_of
from leanopt_core.pipeline.problems import Problems
from leanopt_core.pipeline.reader import Reader
from leanopt_core.pipeline.scenarios import Scenarios
from leanopt_core.pipeline.split_days import to_split
from leanopt_core.pipeline.splits import Fold, WalkForward
from leanopt_core.pipeline.tables import MOST_AT_ONCE, WalkForwardTable
from leanopt_core.pipeline.toml import KeyPath, toml_text
from leanopt_core.work import Scenario

AT: Final[KeyPath] = ("walk_forward",)


def read_walk_forward(raw: object, reader: Reader, read: Scenarios | None) -> WalkForward | None:
    """Return the windows of a document's `walk_forward`, None without such a table.

    Report scenarios without limits, lengths of which no window fits, and tests that overlap.
    Without scenarios to split, only the table is checked, and there are no windows.
    """
    if isinstance(raw, Mapping) and "choose" in raw:
        reader.problems.add(
            (*AT, "choose"),
            toml_text(raw["choose"]),
            "expected no such key",
            "the table [choose] decides which trial of a window is tested",
        )
        raw = {key: value for key, value in raw.items() if key != "choose"}
    table = None if raw is None else reader.table(raw, AT, WalkForwardTable)
    if table is None or read is None:
        return None
    split = WalkForward(
        table.train, table.test, table.step, table.anchored, table.embargo, table.warmup
    )
    if groups := to_split("walk_forward", read, reader.problems):
        _check_windows(split, groups, reader.problems)
    return split


def _check_windows(split: WalkForward, groups: Sequence[Scenario], problems: Problems) -> None:
    each = [evolve(split, train=(one,), test=(two,)) for one in split.train for two in split.test]
    for days, name in {days_of(one): one.name for one in groups}.items():
        folds = [(one, one.folds(days)) for one in each]
        if unfit := [one for one, found in folds if not found]:
            where = f"scenario {name!r}" if len(groups) > 1 else ""
            expected = f"expected lengths of which a window fits into {days}"
            problems.add(AT, "; ".join(map(str, unfit)), expected, where)
        if longer := [one for one, found in folds if _overlap(found)]:
            expected = f"expected {longer[0].test[0]} or more: tests must not overlap"
            problems.add((*AT, "step"), f'"{split.step}"', expected, "they join into one curve")
    several = Counter(map(days_of, groups))
    count = sum(len(split.folds(days)) * many for days, many in several.items())
    if count > MOST_AT_ONCE:
        expected = f"expected at most {MOST_AT_ONCE:,} windows"
        problems.add(AT, f"{count:,}", expected, "give longer steps")


def _overlap(folds: Sequence[Fold]) -> bool:
    return any(two.tests[0].start <= one.tests[0].end for one, two in pairwise(folds))
