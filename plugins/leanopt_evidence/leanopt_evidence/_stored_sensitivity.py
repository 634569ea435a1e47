"""The sensitivity of a stored search."""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import blake2b
from typing import TYPE_CHECKING

from leanopt_core.api import Told
from leanopt_evidence._sensitivity import Sensitivity, sensitivity

if TYPE_CHECKING:
    from leanopt_core.api import OpenStore, StoredBacktest, StoredRun, StoredTrial


def sensitivity_of(
    store: OpenStore, run: StoredRun, *, search: int = 1, seed: int = 0
) -> Sensitivity:
    """Return what the fitness depends on in one search of a run; see `sensitivity`.

    Trials have equal results if their fitness, violation and all statistics are equal. Raises
    UsageError if the run has no such search.
    """
    space = run.space
    trials = [one for one in store.trials(run, search=search) if one.told]
    told = []
    for one in trials:
        point, score = space.point_at(one.grid_index), one.score
        assert score is not None  # noqa: S101 - it was told
        judged = score.objective, score.violation
        told.append(Told(one.number, point, *judged, pruned_at=one.pruned_at))
    (stored,) = (one for one in run.searches if one.number == search)
    results = [_result(one, stored.judged(one)) for one in trials]
    return sensitivity(space, told, direction=stored.direction, results=results, seed=seed)


def _result(trial: StoredTrial, judged: Mapping[int, StoredBacktest]) -> bytes:
    """Return bytes that are the same for equal results; tests count for nothing."""
    found = blake2b(repr((trial.fitness, trial.violation)).encode(), digest_size=16)
    for ordinal, backtest in sorted(judged.items()):
        found.update(f"\n{ordinal} {backtest.statistics}".encode())
    return found.digest()
