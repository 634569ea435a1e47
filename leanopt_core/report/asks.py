"""The asks a second that a plan's workers want, and those that its methods make."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import fmean
from typing import Any, Final

from leanopt_core.pipeline import StageSettings
from leanopt_core.search.asks import Rates, ask_seconds, setting
from leanopt_core.search.commands import least
from leanopt_core.search.most_trials import stage_trials

#: Of a stage without a bound, the asks of so many trials count.
_UNBOUNDED: Final = 5_000


def stage_rates(
    stages: Sequence[StageSettings], wanted: float, most: int | None, lookahead: int
) -> Mapping[int, Rates]:
    """Return the rates of each stage whose method says what its asks cost, by the stage's index.

    `wanted` asks a second keep the workers busy; a search has at most so many trials.
    """
    found = {}
    for at, stage in enumerate(stages):
        trials = least(stage_trials(stage), most) or _UNBOUNDED
        seconds = ask_seconds(stage, trials, lookahead)
        if seconds is not None:
            found[at] = Rates(wanted, 1 / seconds)
    return found


def slower(stages: Sequence[StageSettings], rates: Mapping[int, Rates]) -> float:
    """Return by which factor methods make a search longer, at least 1.

    Stages count by their trials, alike if the trials of one are unknown.
    """
    trials = [stage_trials(stage) for stage in stages]
    weights = [1 if None in trials else count or 0 for count in trials]
    factors = [rates[at].slower if at in rates else 1.0 for at in range(len(stages))]
    return fmean(factors, weights)


def rates_document(
    stages: Sequence[StageSettings], rates: Mapping[int, Rates]
) -> list[dict[str, Any]]:
    """Return the rates as JSON values."""
    return [
        {
            "stage": stages[at].name,
            "wanted": one.wanted,
            "made": one.made,
            "set": setting(stages, at, one.wanted) if one.slower > 1 else None,
        }
        for at, one in rates.items()
    ]
