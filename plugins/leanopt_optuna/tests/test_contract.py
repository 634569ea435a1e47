"""The contract of every search method, held by `optuna` with each sampler."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import pytest
from leanopt_optuna import OptunaOptions
from leanopt_optuna._impl import create

from leanopt_core.testing import StageContract

if TYPE_CHECKING:
    from collections.abc import Callable

    from leanopt_core.stage import Stage, StageStart


class Contract(StageContract):
    """The kit for search methods, for one sampler."""

    trials = 24
    examples = 6
    sampler = "tpe"

    @pytest.fixture
    def build(self) -> Callable[[StageStart], Stage]:
        """Return what builds the method with the sampler of this class."""
        return partial(create, OptunaOptions(sampler=self.sampler))


class TestTpe(Contract):
    """With the default sampler, whose asks cost more with each trial."""

    cost_trials = (200, 600)


class TestCmaes(Contract):
    """Numbers only."""

    sampler = "cmaes"


class TestNsgaii(Contract):
    """Several generations."""

    @pytest.fixture
    def build(self) -> Callable[[StageStart], Stage]:
        """Return what builds the method; generations are small, so that there are some."""
        return partial(create, OptunaOptions(sampler="nsgaii", population_size=6))


class TestQmc(Contract):
    """A sequence that learns nothing."""

    sampler = "qmc"


class TestRandom(Contract):
    """No model at all."""

    sampler = "random"


class TestGp(Contract):
    """Where torch is installed."""

    sampler = "gp"
    trials = 16
    examples = 3
    cost_trials = (50, 100)

    @pytest.fixture
    def build(self) -> Callable[[StageStart], Stage]:
        """Return what builds the method, or skip."""
        pytest.importorskip("torch")
        return partial(create, OptunaOptions(sampler="gp"))
