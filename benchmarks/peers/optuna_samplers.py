"""Optuna's samplers in an ask-and-tell loop, with the options that they have by default.

TPE and GP are told what is violated as a constraint; CMA-ES knows no constraints and gets a
penalty. A suggestion that breaks a constraint between parameters costs no backtest: it is told as
such, and the sampler is asked again.
"""

from __future__ import annotations

import warnings
from collections import deque
from importlib.util import find_spec
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from optuna.samplers import BaseSampler
    from optuna.trial import Trial

    from leanopt_core.space import Point, Space
    from leanopt_core.trial import Score

#: So many suggestions in a row that break a constraint between parameters end the search.
TRIES: Final = 1000
#: What a point that counts for nothing is worth where the sampler knows no constraints.
PENALTY: Final = -1000.0


def missing(sampler: str) -> str | None:
    """Return the name of a module that a sampler needs and that is not installed, or None."""
    needed = {"tpe": ("optuna",), "cmaes": ("optuna", "cmaes"), "gp": ("optuna", "torch")}[sampler]
    return next((name for name in needed if find_spec(name) is None), None)


class OptunaPeer:
    """One of Optuna's samplers on the levels of a space; choices are categories."""

    def __init__(self, sampler: str, space: Space, seed: int) -> None:
        # imported here: the quick benchmark does without
        import optuna

        optuna.logging.set_verbosity(optuna.logging.WARNING)
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        self._space = space
        self._constrained = sampler != "cmaes"
        self._study = optuna.create_study(direction="maximize", sampler=_sampler(sampler, seed))
        self._outstanding: deque[Trial] = deque()
        self._worst = 0.0

    def ask(self) -> Point | None:
        """Return the sampler's next suggestion that keeps to the constraints, None without one."""
        for _ in range(TRIES):
            trial = self._study.ask()
            point = tuple(
                trial.suggest_int(axis.name, 0, len(axis) - 1)
                if axis.ordered
                else trial.suggest_categorical(axis.name, range(len(axis)))
                for axis in self._space.axes
            )
            broken = len(self._space.violated(point))
            if not broken:
                self._outstanding.append(trial)
                return point
            self._tell(trial, None, float(broken))
        return None

    def tell(self, point: Point, score: Score) -> None:  # noqa: ARG002 - the trial knows it
        """Tell the sampler a result."""
        violation = score.violation or float(score.objective is None)
        self._tell(self._outstanding.popleft(), score.objective, violation)

    def _tell(self, trial: Trial, value: float | None, violation: float) -> None:
        if value is not None:
            self._worst = min(self._worst, value)
        if self._constrained:
            trial.set_constraint("results", violation)
            self._study.tell(trial, self._worst if value is None else value)
        else:
            unusable = value is None or violation > 0
            self._study.tell(trial, PENALTY - violation if unusable else value)


def _sampler(name: str, seed: int) -> BaseSampler:
    from optuna import samplers

    if name == "tpe":
        return samplers.TPESampler(seed=seed)
    if name == "cmaes":
        return samplers.CmaEsSampler(seed=seed, warn_independent_sampling=False)
    return samplers.GPSampler(seed=seed)
