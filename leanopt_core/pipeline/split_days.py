"""Which days a split of the pipeline has to split, and what is wrong with them."""

from __future__ import annotations

from collections.abc import Sequence

from leanopt_core.pipeline.problems import Problems
from leanopt_core.pipeline.scenarios import Scenarios
from leanopt_core.work import Scenario


def to_split(table: str, read: Scenarios, problems: Problems) -> Sequence[Scenario]:
    """Return the scenarios whose days the table splits: each, or one of those that go together.

    Report scenarios without limits, and different days of scenarios that go together; then none is
    returned.
    """
    if not limited(f"[{table}] splits the days of the scenario", read, problems):
        return ()
    if not read.separate and len({(one.start, one.end) for one in read.scenarios}) > 1:
        expected = f"expected scenarios with the same start and end: [{table}] splits them together"
        problems.add((table,), f"[{table}]", expected, "or separate searches")
        return ()
    return read.scenarios if read.separate else read.scenarios[:1]


def limited(why: str, read: Scenarios, problems: Problems) -> bool:
    """Return whether all scenarios have a first and a last day; report those that lack one, why."""
    for key in ("start", "end"):
        lacking = [one.name for one in read.scenarios if getattr(one, key) is None]
        if lacking:
            expected = f"expected a day, since {why}"
            problems.add(("scenario", key), "nothing", expected, _named(read, lacking))
    return all(one.start is not None and one.end is not None for one in read.scenarios)


def _named(read: Scenarios, names: Sequence[str]) -> str:
    """Return which scenarios are meant, an empty text if there is only one."""
    return "" if len(read.scenarios) == 1 else f"scenario {', '.join(names[:3])}"
