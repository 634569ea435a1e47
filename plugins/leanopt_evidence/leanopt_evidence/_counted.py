"""How many trials a strategy has had, and to how many independent ones they amount."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Literal

from attrs import frozen

from leanopt_evidence._aligned import Aligned, on_all_days
from leanopt_evidence._effective import cluster_trials, effective_trials

if TYPE_CHECKING:
    from leanopt_core.api import StoredRun, Tried

#: Clusters of more trials take minutes.
_MOST_CLUSTERED = 50

Method = Literal["clusters", "mean correlation"]
#: Returns the run and the returns of a search, by the run's name and the search's number.
Read = Callable[[str, int], tuple["StoredRun", Aligned]]
_Group = list[tuple[Aligned, Sequence[int]]]


@frozen
class Counted:
    """The number of trials of a strategy: `tried` by source, and the `effective` number.

    `method` says how that was found: by clusters if up to 50 trials have returns, else by the mean
    correlation; None if no trial has returns. `grouped` trials have returns; the others (failed
    ones, those of deleted runs, backtests outside runs, looks at a holdout) count raw in both
    numbers.
    """

    tried: Tried
    effective: float
    method: Method | None
    grouped: int

    @property
    def raw(self) -> int:
        """Return the number of all trials."""
        return self.tried.total


def count_trials(tried: Tried, read: Read) -> Counted:
    """Return the number of trials of a strategy, whose returns `read` reads.

    Trials under the same scenarios are a group. Its effective number is found together, and those
    of all groups are added.
    """
    groups: dict[tuple[str, ...], _Group] = {}
    for search in tried.searches:
        if not search.trials:
            continue
        run, returns = read(search.run, search.number)
        if own := [at for at, one in enumerate(returns.trials) if one in search.trials]:
            (stored,) = (one for one in run.searches if one.number == search.number)
            key = tuple(scenario.definition for scenario in stored.scenarios)
            groups.setdefault(key, []).append((returns, own))
    counts = [sum(len(own) for _, own in group) for group in groups.values()]
    grouped = sum(counts)
    method: Method = "clusters" if grouped <= _MOST_CLUSTERED else "mean correlation"
    found = [_effective(group, method) for group in groups.values()]
    known = sum(count if one is None else one for count, one in zip(counts, found, strict=True))
    return Counted(tried, known + tried.total - grouped, method if grouped else None, grouped)


def _effective(group: _Group, method: Method) -> float | None:
    """Return the effective number of the trials of a group, None if it is unknown."""
    values = on_all_days([(one.days, one.values[:, own]) for one, own in group])
    if method == "clusters":
        return cluster_trials(values).trials
    return effective_trials(values).value
