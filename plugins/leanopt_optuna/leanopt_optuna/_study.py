"""An Optuna study in memory; its trials are points of the grid, its parameters levels."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import optuna
from optuna.distributions import CategoricalDistribution, IntDistribution
from optuna.trial import TrialState, create_trial

from leanopt_optuna._draws import TpeDraws
from leanopt_optuna._options import SEVERAL
from leanopt_optuna._samplers import make_sampler
from leanopt_optuna._values import Values

if TYPE_CHECKING:
    from collections.abc import Iterable

    from optuna.distributions import BaseDistribution
    from optuna.trial import FrozenTrial, Trial

    from leanopt_core.api import Axis, Point, Score, StageStart, Told
    from leanopt_optuna._options import OptunaOptions

#: The only constraint that samplers get: the sum of all violations.
RESULTS: Final = "results"


class GridStudy:
    """Asks a sampler for levels and tells it objectives, higher being better.

    A trial is opened, sampled any number of times, placed at a point, and told its result; in any
    order of trials. Axes of one level are left out.
    """

    def __init__(self, options: OptunaOptions, start: StageStart) -> None:
        self._space = start.space
        self._axes = start.space.axes
        self._grid = {axis.name: _distribution(axis) for axis in self._axes if len(axis) > 1}
        # CMA-ES samples at least two numeric axes; the others are drawn at random.
        cmaes = options.sampler == "cmaes"
        together = {name: kind for name, kind in self._grid.items() if not cmaes or _ordered(kind)}
        self._together = {} if cmaes and len(together) == 1 else together
        count = start.objectives if options.sampler in SEVERAL else 1
        self._values = Values(count, constrained=not cmaes, same_scale=start.same_scale)
        self._learned = 0
        earlier = [told for told in start.seeds if told.feasible and told.complete]
        self._sampler = make_sampler(options, start.seed, [self._source(told) for told in earlier])
        self._draws = TpeDraws.of(options, self._sampler, len(self._together))
        optuna.logging.set_verbosity(optuna.logging.WARNING)
        self._storage = optuna.storages.InMemoryStorage()
        self._study = optuna.create_study(
            storage=self._storage,
            sampler=self._sampler,
            study_name="stage",
            directions=["maximize"] * count,
        )
        self._add(start.seeds)

    def open(self) -> Trial:
        """Return a new running trial."""
        return self._study.ask()

    def sample(self, trial: Trial) -> Point:
        """Return a new sample for a trial that is not placed yet, as a canonical point."""
        frozen = self._storage.get_trial(trial.number)
        levels = self._sampler.sample_relative(self._study, frozen, self._together)
        for name, kind in self._grid.items():
            if name not in levels:
                levels[name] = self._sampler.sample_independent(self._study, frozen, name, kind)
        return self._space.canonical(tuple(int(levels.get(axis.name, 0)) for axis in self._axes))

    def pass_over(self, trial: Trial) -> bool:
        """Leave the sampler as after a sample, without taking one; return whether that is possible.

        If it is not, the trial must be sampled.
        """
        if self._draws is None or self._learned < self._draws.startup:
            return False
        return self._draws.pass_over(lambda: self.sample(trial))

    def place(self, trial: Trial, point: Point) -> None:
        """Place a trial at a point, which may differ from its sample."""
        for axis, level in zip(self._axes, point, strict=True):
            kind = self._grid.get(axis.name)
            if kind is not None:
                internal = kind.to_internal_repr(level)
                self._storage.set_trial_param(trial.number, axis.name, internal, kind)

    def tell(self, trial: Trial, score: Score) -> None:
        """Tell the sampler a result; without an objective and a violation the trial failed.

        A pruned trial counts as a complete one that is worse than the best, and as failed if none
        was complete. As `PRUNED`, most samplers would learn nothing from it, and TPE less.
        """
        values = self._values.of(score)
        if values is None:
            self._study.tell(trial, state=TrialState.FAIL)
            return
        if self._values.constrained:
            trial.set_constraint(RESULTS, score.violation)
        self._study.tell(trial, values)
        self._learned += 1

    def _add(self, earlier: Iterable[Told]) -> None:
        """Add an earlier stage's trials as completed ones, for NSGA in the first generation."""
        generation = f"{type(self._sampler).__name__}:generation"
        for told in earlier:
            values = self._values.of(told)
            if values is not None:
                self._learned += 1
                constraints = {RESULTS: told.violation} if self._values.constrained else None
                self._study.add_trial(
                    create_trial(
                        values=values,
                        params=self._params(told.point, self._grid),
                        distributions=self._grid,
                        constraints=constraints,
                        system_attrs={generation: 0},
                    )
                )

    def _source(self, told: Told) -> FrozenTrial:
        """Return an earlier trial for CMA-ES to start from."""
        return create_trial(
            value=told.objective,
            params=self._params(told.point, self._together),
            distributions=self._together,
        )

    def _params(self, point: Point, among: dict[str, BaseDistribution]) -> dict[str, int]:
        pairs = zip(self._axes, point, strict=True)
        return {axis.name: level for axis, level in pairs if axis.name in among}


def _distribution(axis: Axis) -> BaseDistribution:
    if axis.ordered:
        return IntDistribution(0, len(axis) - 1)
    return CategoricalDistribution(range(len(axis)))


def _ordered(kind: BaseDistribution) -> bool:
    return isinstance(kind, IntDistribution)
