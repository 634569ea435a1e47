"""Makes Optuna's samplers from our options."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Final

from optuna.exceptions import ExperimentalWarning
from optuna.samplers import (
    BaseSampler,
    CmaEsSampler,
    GPSampler,
    NSGAIIISampler,
    NSGAIISampler,
    QMCSampler,
    RandomSampler,
    TPESampler,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from optuna.trial import FrozenTrial

    from leanopt_optuna._options import OptunaOptions

#: With so many earlier trials, CMA-ES starts from their best tenth (`cmaes` needs one trial).
WARM: Final = 10


def make_sampler(options: OptunaOptions, seed: int, earlier: Sequence[FrozenTrial]) -> BaseSampler:
    """Return the sampler, seeded; CMA-ES starts from `earlier` if there are enough."""
    with warnings.catch_warnings():
        # Optuna's warnings about experimental options belong in its documentation.
        warnings.simplefilter("ignore", ExperimentalWarning)
        return _made(options, seed % 2**32, earlier)


def _made(options: OptunaOptions, seed: int, earlier: Sequence[FrozenTrial]) -> BaseSampler:
    own = options.own()
    if options.sampler in ("tpe", "motpe"):
        return TPESampler(seed=seed, **own)
    if options.sampler in ("gp", "mogp"):
        return GPSampler(seed=seed, warn_independent_sampling=False, **own)
    if options.sampler == "qmc":
        return QMCSampler(seed=seed, warn_independent_sampling=False, **own)
    if options.sampler == "cmaes":
        warm = len(earlier) >= WARM and not options.use_separable_cma
        source = list(earlier) if warm else None
        return CmaEsSampler(seed=seed, warn_independent_sampling=False, source_trials=source, **own)
    others: dict[str, Callable[..., BaseSampler]] = {
        "nsgaii": NSGAIISampler,
        "nsgaiii": NSGAIIISampler,
        "random": RandomSampler,
    }
    return others[options.sampler](seed=seed, **own)
