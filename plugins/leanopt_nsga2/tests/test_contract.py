"""The contract of every search method, held by `nsga2`."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import pytest
from leanopt_nsga2 import Nsga2Options
from leanopt_nsga2._impl import create

from leanopt_core.testing import StageContract

if TYPE_CHECKING:
    from collections.abc import Callable

    from leanopt_core.stage import Stage, StageStart


@pytest.mark.alike(1)
class TestBreeding(StageContract):
    """With a population so small that most of the kit's trials are children, of two objectives."""

    objectives = 2
    cost_growth = 0

    @pytest.fixture
    def build(self) -> Callable[[StageStart], Stage]:
        """Return what builds the method."""
        return partial(create, Nsga2Options(population_size=6))


@pytest.mark.long
class TestDefaults(StageContract):
    """With its defaults, by which most of the kit's trials are of the first population."""

    cost_growth = 0

    @pytest.fixture
    def build(self) -> Callable[[StageStart], Stage]:
        """Return what builds the method."""
        return partial(create, Nsga2Options())
