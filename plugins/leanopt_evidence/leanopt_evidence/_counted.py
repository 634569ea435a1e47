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

Method = Literal["clusters", "mean correlation", "both"]
#: Returns the run and the returns of a search, by the run's name and the search's number.
Read = Callable[[str, int], tuple["StoredRun", Aligned]]
_Group = list[tuple[Aligned, Sequence[int]]]


@frozen
class Counted:
    """The number of trials of a strategy: `tried` by source, and the `effective` number.

    `method` says how that was found: by clusters of up to 50 trials, by the mean correlation of
    more, or both where there are several groups; None if no trial has returns. `grouped` trials
    have returns; the others (failed ones, those of deleted runs, backtests outside runs, looks at a
    holdout) count raw in both numbers.
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
    found = [_effective(group) for group in groups.values()]
    methods = {method for _, _, method in found}
    grouped = sum(count for count, _, _ in found)
    how: Method | None = "both" if len(methods) > 1 else next(iter(methods), None)
    effective = sum(number for _, number, _ in found) + tried.total - grouped
    return Counted(tried, effective, how, grouped)


def _effective(group: _Group) -> tuple[int, float, Literal["clusters", "mean correlation"]]:
    """Return how many trials a group has, the effective number, and the method."""
    count = sum(len(own) for _, own in group)
    values = on_all_days([(one.days, one.values[:, own]) for one, own in group])
    if count <= _MOST_CLUSTERED:
        clusters = cluster_trials(values).trials
        return count, float(clusters or count), "clusters"
    found = effective_trials(values).value
    return count, float(count) if found is None else found, "mean correlation"
