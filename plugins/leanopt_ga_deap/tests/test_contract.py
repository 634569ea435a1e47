"""The contract of every search method, held by `ga_deap`."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import pytest
from leanopt_ga_deap import GeneticOptions
from leanopt_ga_deap._impl import create

from leanopt_core.testing import StageContract

if TYPE_CHECKING:
    from collections.abc import Callable

    from leanopt_core.stage import Stage, StageStart


@pytest.mark.long
class TestGenetic(StageContract):
    """With its defaults, by which most of the kit's trials are of the first population."""

    cost_growth = 0

    @pytest.fixture
    def build(self) -> Callable[[StageStart], Stage]:
        """Return what builds the method."""
        return partial(create, GeneticOptions())


@pytest.mark.kit_again
@pytest.mark.alike(1)
class TestBreeding(StageContract):
    """With a first population so small that most of the kit's trials are children."""

    cost_growth = 0

    @pytest.fixture
    def build(self) -> Callable[[StageStart], Stage]:
        """Return what builds the method."""
        small = GeneticOptions(population_size=6, final_population_size=3, batch_size=4, n_seeds=3)
        return partial(create, small)


@pytest.mark.kit_again
@pytest.mark.alike(1)
class TestClones(StageContract):
    """With clones, in a population that converges within the kit's trials."""

    cost_growth = 0

    @pytest.fixture
    def build(self) -> Callable[[StageStart], Stage]:
        """Return what builds the method."""
        small = GeneticOptions(
            population_size=6, batch_size=4, early_stopping_generations=0, clones=True
        )
        return partial(create, small)
