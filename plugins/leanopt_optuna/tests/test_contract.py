"""The contract of every search method, held by `optuna` with each sampler.

Samplers share all of the method but the choice of a point. `make test` runs the whole contract with
the default one and with the one that learns by generations, and a short search with each.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
from leanopt_optuna import OptunaOptions
from leanopt_optuna._impl import create
from leanopt_optuna._options import DEFAULTS

from leanopt_core.testing import StageContract, drive, spaces
from leanopt_core.testing.driving import rule

if TYPE_CHECKING:
    from collections.abc import Callable

    from leanopt_core.stage import Stage, StageStart


class Contract(StageContract):
    """The kit for search methods, for one sampler."""

    trials = 24
    examples = 6
    exhaustive = True
    sampler = "tpe"

    @pytest.fixture
    def build(self) -> Callable[[StageStart], Stage]:
        """Return what builds the method with the sampler of this class."""
        return partial(create, OptunaOptions(sampler=self.sampler))

    @pytest.mark.long
    def test_cost_of_an_ask(self, searching: Any, record_property: Any, capsys: Any) -> None:
        """Hundreds of trials."""
        super().test_cost_of_an_ask(searching, record_property, capsys)


@pytest.mark.alike(2)
class TestTpe(Contract):
    """With the default sampler, whose asks cost more with each trial."""

    cost_trials = (200, 600)


@pytest.mark.long
class TestCmaes(Contract):
    """Numbers only."""

    sampler = "cmaes"


@pytest.mark.kit_again
@pytest.mark.alike(1)
class TestNsgaii(Contract):
    """Several generations."""

    @pytest.fixture
    def build(self) -> Callable[[StageStart], Stage]:
        """Return what builds the method; generations are small, so that there are some."""
        return partial(create, OptunaOptions(sampler="nsgaii", population_size=6))


@pytest.mark.kit_again
@pytest.mark.alike(1)
class TestSeveralObjectives(Contract):
    """With the sampler of several objectives that breeds generations, of two objectives."""

    objectives = 2

    @pytest.fixture
    def build(self) -> Callable[[StageStart], Stage]:
        """Return what builds the method; generations are small, so that there are some."""
        return partial(create, OptunaOptions(sampler="nsgaiii", population_size=6))


@pytest.mark.long
class TestMotpe(Contract):
    """A model of three objectives, whose asks cost more with each trial."""

    objectives = 3
    sampler = "motpe"
    cost_trials = (100, 300)
    cost_growth = 2.0


@pytest.mark.long
class TestQmc(Contract):
    """A sequence that learns nothing."""

    sampler = "qmc"


@pytest.mark.long
class TestRandom(Contract):
    """No model at all."""

    sampler = "random"


@pytest.mark.long
class TestGp(Contract):
    """Where torch is installed."""

    sampler = "gp"
    trials = 16
    examples = 3
    cost_trials = (50, 100)
    cost_growth = None

    @pytest.fixture
    def build(self) -> Callable[[StageStart], Stage]:
        """Return what builds the method, or skip."""
        pytest.importorskip("torch")
        return partial(create, OptunaOptions(sampler="gp"))


@pytest.mark.parametrize("objectives", [1, 2])
@pytest.mark.parametrize("sampler", DEFAULTS)
def test_a_short_search(sampler: str, objectives: int) -> None:
    """With each sampler: feasible points, each once, whichever backtest ends first."""
    if sampler in ("gp", "mogp"):
        pytest.importorskip("torch")
    space, build = spaces.every_kind(), partial(create, OptunaOptions(sampler=sampler))
    first, again = (
        drive(space, [rule(build, 12)], order=order, objectives=objectives) for order in (0, 3)
    )
    assert first.proposed == again.proposed
    assert len(set(first.points)) == 12
    assert all(space.feasible(point) for point in first.points)
