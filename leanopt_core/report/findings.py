"""What a run's owner should know before believing its best trials."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Final

from attrs import frozen

from leanopt_core.space import Axis, Space, number_text
from leanopt_core.store.records import RankedTrial, StoredRun
from leanopt_core.store.tally import Tally

#: With fewer trials of one fitness nothing is said: that may be chance.
_ENOUGH: Final = 10
#: With fewer levels an end is no surprise.
_LEVELS: Final = 3


@frozen
class Spread:
    """How many trials are feasible, with the lowest and the highest fitness among them."""

    feasible: int
    low: float | None
    high: float | None


@frozen
class Failed:
    """A failed trial: the search's number, its own, and what was said."""

    search: int
    trial: int
    category: str
    message: str


def findings(
    run: StoredRun,
    tally: Tally,
    best: Sequence[RankedTrial],
    spread: Spread,
    failed: Failed | None,
) -> tuple[str, ...]:
    """Return warnings, the gravest first; none where there is nothing to say."""
    if not best:
        return ()
    space = Space.from_dict(json.loads(run.plan)["space"])
    return (
        *_failures(tally, failed),
        *_nothing_feasible(tally, best[0]),
        *_constant(spread),
        *(_edges(space, best[0]) if spread.feasible else ()),
    )


def _failures(tally: Tally, failed: Failed | None) -> Iterator[str]:
    count = sum(tally.failures.values())
    if failed is not None and 2 * count >= tally.told:
        first = next(iter(failed.message.splitlines()), "")
        yield (
            f"{count:,} of {tally.told:,} trials failed; trial {failed.trial} by "
            f"{failed.category}: {first}"
        )


def _nothing_feasible(tally: Tally, nearest: RankedTrial) -> Iterator[str]:
    trial = nearest.trial
    if tally.feasible:
        return
    detail = json.loads(trial.detail) if trial.detail else {}
    if tally.infeasible:
        missed = ", ".join(text for text, _ in detail.get("violations", ()))
        yield f"no trial is feasible; the nearest, trial {trial.number}, misses {missed}"
    elif tally.unscored:
        reasons = "; ".join(detail.get("reasons", ()))
        yield f"no trial has a fitness; the first has none because: {reasons}"


def _constant(spread: Spread) -> Iterator[str]:
    if spread.feasible >= _ENOUGH and spread.low is not None and spread.low == spread.high:
        yield (
            f"all {spread.feasible:,} feasible trials have the fitness {spread.low:.6g}: "
            "does the strategy trade, and does what is searched matter to it?"
        )


def _edges(space: Space, best: RankedTrial) -> Iterator[str]:
    point = space.unrank(best.trial.grid_index)
    ends = [
        end
        for axis, level in zip(space.axes, point, strict=True)
        if (end := _end(axis, level)) is not None
    ]
    if ends:
        yield (
            f"the best trial has {', '.join(ends)}, the end of what is searched: "
            "better ones may lie beyond"
        )


def _end(axis: Axis, level: int) -> str | None:
    if not axis.ordered or len(axis) < _LEVELS or 0 < level < len(axis) - 1:
        return None
    return f"{axis.name} = {number_text(axis.value(level))}"
