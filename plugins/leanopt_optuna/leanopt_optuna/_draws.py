"""Passes over samples of a TPE: takes from its generator what a sample would, and fits no model."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from attrs import define
from numpy.random import RandomState
from optuna.samplers import BaseSampler, TPESampler

if TYPE_CHECKING:
    from collections.abc import Callable

    from leanopt_optuna._options import OptunaOptions


@define
class TpeDraws:
    """The generator of a TPE, of which each sample takes `count` numbers once the TPE learns.

    That is so from `startup` completed trials on. Each candidate takes one number to choose a
    kernel, and one for each parameter. That belongs to Optuna's code, so the first sample is taken
    and looked at: `sure` is then whether it was so.
    """

    generator: RandomState
    startup: int
    count: int
    sure: bool | None = None

    @classmethod
    def of(cls, options: OptunaOptions, sampler: BaseSampler, parameters: int) -> Self | None:
        """Return the draws of a sampler, None if it is no TPE or keeps its generator elsewhere."""
        generator = getattr(getattr(sampler, "_rng", None), "rng", None)
        if not isinstance(sampler, TPESampler) or not isinstance(generator, RandomState):
            return None
        candidates, startup = options.n_ei_candidates or 0, options.n_startup_trials or 0
        return cls(generator, startup, candidates * (1 + parameters)) if parameters else None

    def pass_over(self, sample: Callable[[], object]) -> bool:
        """Pass over one sample; return False if it must be taken. `sample` takes it."""
        if self.sure is None:
            return self._look(sample)
        if self.sure:
            self.generator.random_sample(self.count)
        return self.sure

    def _look(self, sample: Callable[[], object]) -> bool:
        """Take the first sample, and note whether it took as many numbers as expected."""
        expected = RandomState()
        expected.set_state(self.generator.get_state())
        expected.random_sample(self.count)
        sample()
        self.sure = bool(expected.random_sample() == _next(self.generator))
        return True


def _next(generator: RandomState) -> float:
    """Return a generator's next number, and leave it as it is."""
    copy = RandomState()
    copy.set_state(generator.get_state())
    return float(copy.random_sample())
