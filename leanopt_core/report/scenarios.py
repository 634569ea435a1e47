"""Statistics of a trial over all its scenarios."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from math import isfinite
from statistics import median
from typing import Any, Self

from attrs import frozen

from leanopt_core.pipeline.plan import first_function
from leanopt_core.scoring.aggregates import weighted_mean
from leanopt_core.store.records import StoredRun, StoredSearch, StoredTrial


@frozen
class Combination:
    """How a run's statistics are combined: `name` is mean, weighted mean or median.

    It follows the fitness function's `aggregate`. The worst or a quantile of the fitness is that of
    one scenario, but those of every statistic are of none: then it is the mean.
    """

    name: str
    weights: Mapping[str, float]

    @classmethod
    def of(cls, run: StoredRun) -> Self:
        """Return how the statistics of this run are combined."""
        plan = json.loads(run.plan)
        names = {"median": "median", "weighted": "weighted mean"}
        name = names.get(first_function(plan)["options"].get("aggregate"), "mean")
        weighted = plan["scenarios"] if name == "weighted mean" else ()
        return cls(name, {one["name"]: float(one.get("weight", 1)) for one in weighted})

    def statistics(self, search: StoredSearch, trial: StoredTrial) -> dict[str, Any] | None:
        """Return a trial's statistics over the scenarios that it has some of, None without any.

        A statistic that is no number in one of them is left out. With one scenario they are that
        scenario's.
        """
        return self.combined(by_scenario(search, trial))

    def combined(self, found: Mapping[str, Mapping[str, Any]]) -> dict[str, Any] | None:
        """Return statistics by scenario as those of one, as `statistics` does."""
        first = next(iter(found.values()), None)
        if first is None or len(found) == 1:
            return None if first is None else dict(first)
        each = {name: {at: _number(one.get(name)) for at, one in found.items()} for name in first}
        numbers = {name: self.number(values) for name, values in each.items()}
        return {name: value for name, value in numbers.items() if value is not None}

    def number(self, found: Mapping[str, float | None]) -> float | None:
        """Return a statistic by scenario as one number, None if one of them is unknown."""
        numbers = [value for value in found.values() if value is not None]
        if len(numbers) < len(found):
            return None
        value = self._one(numbers, [self.weights.get(name, 1.0) for name in found])
        return value if isfinite(value) else None

    def _one(self, numbers: Sequence[float], weights: Sequence[float]) -> float:
        if self.name == "median":
            return median(numbers)
        return weighted_mean(numbers, weights)


def _number(value: Any) -> float | None:
    return float(value) if isinstance(value, int | float) else None


def by_scenario(search: StoredSearch, trial: StoredTrial) -> dict[str, dict[str, Any]]:
    """Return a trial's statistics by the names of the scenarios that it has some of."""
    found = ((at, trial.backtests.get(at.ordinal)) for at in search.scenarios)
    return {at.name: json.loads(one.statistics) for at, one in found if one and one.statistics}
