"""Read `[cpcv]`: groups of the scenario's days, and a search for each choice of groups."""

from __future__ import annotations

from math import comb
from typing import Final

from leanopt_core.pipeline.combinatorial import Combinatorial
from leanopt_core.pipeline.expand import days_of
from leanopt_core.pipeline.reader import Reader
from leanopt_core.pipeline.scenarios import Scenarios
from leanopt_core.pipeline.split_days import to_split
from leanopt_core.pipeline.tables import MOST_AT_ONCE, CpcvTable
from leanopt_core.pipeline.toml import KeyPath

AT: Final[KeyPath] = ("cpcv",)


def read_cpcv(raw: object, reader: Reader, read: Scenarios | None) -> Combinatorial | None:
    """Return the split of a document's `cpcv`, None without such a table.

    Report as many test groups as groups, too many searches, and days that are too few. Without
    scenarios to split, only the table is checked, and there is no split.
    """
    table = None if raw is None else reader.table(raw, AT, CpcvTable)
    if table is None:
        return None
    problems = reader.problems
    if table.test_groups >= table.groups:
        expected = f"expected fewer than the {table.groups} groups: the others train"
        problems.add((*AT, "test_groups"), str(table.test_groups), expected)
        return None
    if read is None:
        return None
    split = Combinatorial(
        table.groups, table.test_groups, table.purge or 0, table.embargo or 0, table.warmup
    )
    groups = to_split("cpcv", read, problems)
    count = comb(split.groups, split.tested) * len(groups)
    if count > MOST_AT_ONCE:
        expected = f"expected at most {MOST_AT_ONCE:,} searches, one for each choice of test groups"
        problems.add(AT, f"{count:,}", expected, "give fewer groups")
        return split
    for days, name in {days_of(one): one.name for one in groups}.items():
        if not split.folds(days):
            where = f"scenario {name!r}" if len(groups) > 1 else ""
            expected = f"expected that each group keeps days to train on, of {days}"
            problems.add(AT, str(split), expected, where)
    return split
