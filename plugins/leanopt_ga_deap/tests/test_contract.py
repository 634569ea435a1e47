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


class TestGenetic(StageContract):
    """With its defaults."""

    cost_growth = 0

    @pytest.fixture
    def build(self) -> Callable[[StageStart], Stage]:
        """Return what builds the method."""
        return partial(create, GeneticOptions())
