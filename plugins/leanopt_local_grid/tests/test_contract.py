"""The contract of every search method, held by `local_grid`."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import pytest
from leanopt_local_grid import LocalGridOptions
from leanopt_local_grid._impl import create

from leanopt_core.testing import StageContract

if TYPE_CHECKING:
    from collections.abc import Callable

    from leanopt_core.stage import Stage, StageStart


@pytest.mark.kit_again
@pytest.mark.alike(1)
class TestLocalGrid(StageContract):
    """With its defaults."""

    cost_growth = 0

    @pytest.fixture
    def build(self) -> Callable[[StageStart], Stage]:
        """Return what builds the method."""
        return partial(create, LocalGridOptions())


@pytest.mark.kit_again
@pytest.mark.alike(1)
class TestClimbing(StageContract):
    """Climbing, two steps at a time."""

    cost_growth = 0

    @pytest.fixture
    def build(self) -> Callable[[StageStart], Stage]:
        """Return what builds the method."""
        return partial(create, LocalGridOptions(climb=True, radius=2))
