"""The daily returns of a search's trials on the same days, read from an open store."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from attrs import Factory, field, frozen

from leanopt_evidence._inputs import Floats

if TYPE_CHECKING:
    from leanopt_core.api import OpenStore, StoredRun

Days = npt.NDArray[np.datetime64]
Singles = npt.NDArray[np.float32]
_DAYS_A_YEAR = 365.25
#: Of exchanges, where the days do not say.
PERIODS = 252.0


@frozen(eq=False)
class Aligned:
    """The daily returns of a search: `values` (float32), a row for each day, a column a trial.

    With several scenarios a day's return is the mean over those that have the day. On a day that
    only other trials have, a trial's return is 0: `filled` trials have such days. A trial that lost
    everything has -1 on that day, and 0 after it. `reasons` says why a told trial has no column.
    `periods` is how many such days a year has: about 252 for exchanges, 365 for all days.
    """

    days: Days
    trials: tuple[int, ...]
    values: Singles
    reasons: Mapping[int, str]
    filled: int
    periods: float = field(default=Factory(lambda self: days_a_year(self.days), takes_self=True))

    @property
    def left_out(self) -> dict[str, int]:
        """Return the number of trials without a column, by the kind of reason."""
        return dict(Counter(reason.partition(":")[0] for reason in self.reasons.values()))

    def column(self, trial: int) -> Singles | None:
        """Return a trial's returns, None if it has no column."""
        if trial not in self.trials:
            return None
        found: Singles = self.values[:, self.trials.index(trial)]
        return found


def days_a_year(*spans: Days) -> float:
    """Return how many of such days a year has, 252 if there are too few to say.

    Each span has its days in order. Days between spans that do not overlap do not count.
    """
    steps, length = 0, 0
    for days in _apart(spans):
        steps += len(days) - 1
        length += int((days[-1] - days[0]).astype(int))
    return float(round(steps / length * _DAYS_A_YEAR)) if length else PERIODS


def _apart(spans: Sequence[Days]) -> list[Days]:
    """Return the spans in the order of their days, overlapping ones as one."""
    found: list[Days] = []
    for days in sorted((one for one in spans if len(one)), key=lambda one: int(one[0].astype(int))):
        if found and days[0] <= found[-1][-1]:
            found[-1] = np.union1d(found[-1], days)
        else:
            found.append(days)
    return found


def aligned_returns(
    store: OpenStore, run: StoredRun, search: int, scenario: str | None = None
) -> Aligned:
    """Return the returns of a search's told trials under the scenarios that judge them, or one.

    Raises UsageError if the run has no such search, or the search no such `scenario`.
    """
    (found,) = (one for one in run.searches if one.number == search)
    names = [one.name for one in found.scenarios] if scenario is None else [scenario]
    reasons: dict[int, str] = {}
    filled, spans = set[int](), list[Days]()
    total: _Total | None = None
    # One after the other: only their sum is kept.
    for name in names:
        matrix = store.returns_matrix(run, search=search, scenario=name)
        reasons = {**matrix.left_out, **reasons}
        filled.update(matrix.filled)
        spans.append(matrix.days)
        own = _Total(matrix.days, matrix.trials, matrix.values, np.ones(len(matrix.days)))
        total = own if total is None else total.joined(own)
    assert total is not None  # noqa: S101 - a search has a scenario
    values = (total.values / total.having[:, None]).astype(np.float32)
    return Aligned(
        total.days, total.trials, values, reasons, len(filled - reasons.keys()), days_a_year(*spans)
    )


@frozen(eq=False)
class _Total:
    """The sum of returns under several scenarios; `having` counts those that have each day."""

    days: Days
    trials: tuple[int, ...]
    values: Floats
    having: Floats

    def joined(self, other: _Total) -> _Total:
        """Return the sum of both, of the trials that both have."""
        days, both = np.union1d(self.days, other.days), set(self.trials) & set(other.trials)
        trials = tuple(one for one in self.trials if one in both)
        values, having = np.zeros((len(days), len(trials))), np.zeros(len(days))
        for one in (self, other):
            rows = np.searchsorted(days, one.days)
            places = {trial: at for at, trial in enumerate(one.trials)}
            values[rows] += one.values[:, [places[trial] for trial in trials]]
            having[rows] += one.having
        return _Total(days, trials, values, having)


def on_all_days(series: Sequence[tuple[Days, npt.NDArray[Any]]]) -> npt.NDArray[Any]:
    """Return matrices of days x columns side by side on the days of all, 0 where one has none."""
    if len(series) == 1:
        return series[0][1]
    days = np.unique(np.concatenate([one for one, _ in series]))
    columns = sum(values.shape[1] for _, values in series)
    joined, at = np.zeros((len(days), columns), dtype=np.float32), 0
    for own, values in series:
        joined[np.searchsorted(days, own), at : at + values.shape[1]] = values
        at += values.shape[1]
    return joined
