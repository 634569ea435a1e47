"""Optuna's samplers in an ask-and-tell loop, with the options that they have by default.

TPE and GP are told what is violated as a constraint; CMA-ES knows no constraints and gets a
penalty. A suggestion that breaks a constraint between parameters costs no backtest: the sampler is
told so and asked again. After `TRIES` such suggestions in a row it starts again with another seed,
CMA-ES at the best point so far or at a random one that keeps to the constraints.
"""

from __future__ import annotations

import warnings
from collections import deque
from importlib.util import find_spec
from typing import TYPE_CHECKING, Final

from peers._peer import TRIES, Restarts

if TYPE_CHECKING:
    from optuna import Study
    from optuna.samplers import BaseSampler
    from optuna.trial import Trial

    from leanopt_core.space import Axis, Point, Space
    from leanopt_core.trial import Score

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
        self._space, self._sampler = space, sampler
        self._constrained = sampler != "cmaes"
        self._outstanding: deque[tuple[Study, Trial]] = deque()
        self._worst = 0.0
        self._restarts = Restarts(space, seed)
        self._start()

    def ask(self) -> Point:
        """Return the sampler's next suggestion that keeps to the constraints."""
        while True:
            for _ in range(TRIES):
                trial = self._study.ask()
                point = tuple(_suggested(trial, axis) for axis in self._space.axes)
                broken = len(self._space.violated(point))
                if not broken:
                    self._outstanding.append((self._study, trial))
                    return point
                self._tell(self._study, trial, None, float(broken))
            self._start()

    def tell(self, point: Point, score: Score) -> None:
        """Tell the sampler a result."""
        value = score.objective
        violation = score.violation or float(value is None)
        self._restarts.told(point, score)
        self._tell(*self._outstanding.popleft(), value, violation)

    def _start(self) -> None:
        import optuna

        begin = None
        if self._restarts.count:
            known = zip(self._space.axes, self._restarts.point, strict=True)
            begin = {axis.name: level for axis, level in known if axis.ordered}
        sampler = _sampler(self._sampler, self._restarts.next_seed, begin)
        self._study = optuna.create_study(direction="maximize", sampler=sampler)
        self._restarts.count += 1

    def _tell(self, study: Study, trial: Trial, value: float | None, violation: float) -> None:
        if value is not None:
            self._worst = min(self._worst, value)
        if self._constrained:
            trial.set_constraint("results", violation)
            study.tell(trial, self._worst if value is None else value)
        else:
            unusable = value is None or violation > 0
            study.tell(trial, PENALTY - violation if unusable else value)


def _suggested(trial: Trial, axis: Axis) -> int:
    if axis.ordered:
        return trial.suggest_int(axis.name, 0, len(axis) - 1)
    return int(trial.suggest_categorical(axis.name, range(len(axis))))


def _sampler(name: str, seed: int, begin: dict[str, int] | None) -> BaseSampler:
    from optuna import samplers

    if name == "tpe":
        return samplers.TPESampler(seed=seed)
    if name == "cmaes":
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)  # Optuna means to drop `x0` in 6.0
            return samplers.CmaEsSampler(x0=begin, seed=seed, warn_independent_sampling=False)
    return samplers.GPSampler(seed=seed)
