"""The most trials that stages and a search can make: budgets, methods that end, and the points."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from leanopt_core.pipeline import Pipeline, StageSettings
from leanopt_core.search.advice import size_of
from leanopt_core.search.commands import least
from leanopt_core.search.guard import Guard
from leanopt_core.search.prepare import label
from leanopt_core.shown import shown


def most_trials(pipeline: Pipeline) -> dict[str, Any]:
    """Return what else than budgets ends searches, as JSON values, for `leanopt watch`.

    `stages` has the most trials that methods make, by stage; `search` is the number of points, as
    far as it is known. Raises PluginError as `stage_trials` does.
    """
    stages = {stage.name: stage_trials(stage) for stage in pipeline.stages}
    size = size_of(pipeline.space)
    return {
        "stages": {name: most for name, most in stages.items() if most is not None},
        "search": size.value if size.exact else None,
    }


def stage_trials(stage: StageSettings) -> int | None:
    """Return the most trials of a stage: its budget, or how many its method makes by itself.

    The second is the attribute `most_trials` of the method's options, if they have it. Raises
    PluginError if it is no number.
    """
    guard, doing = Guard(label("stage", stage.choice, stage.name)), "asked for its most_trials"
    most = guard.call(doing, getattr, stage.choice.options, "most_trials", None)
    if most is None or (type(most) is int and most > 0):
        return least(stage.trials, most)
    raise guard.fault(doing, f"it returned {shown(most)}, expected a whole number above 0 or None")


def stages_trials(stages: Sequence[StageSettings]) -> int | None:
    """Return the most trials of all stages, None if one has neither budget nor bound."""
    trials = [stage_trials(stage) for stage in stages]
    return None if None in trials else sum(one for one in trials if one is not None)
