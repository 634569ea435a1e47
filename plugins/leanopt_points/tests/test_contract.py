"""The contract of every search method, held by `points`."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

import pytest
from leanopt_points import PointsOptions
from leanopt_points._impl import create

from leanopt_core.testing import StageContract

if TYPE_CHECKING:
    from collections.abc import Callable

    from leanopt_core.stage import Stage, StageStart

#: More than any search of the contract makes.
_MOST = 2_100


def given_all(start: StageStart) -> Stage:
    """Return the method with all points of a space, in an order of its own."""
    points = islice(start.space.sample(3), _MOST)
    return create(PointsOptions(tuple(map(start.space.values, points))), start)


@pytest.mark.kit_again
@pytest.mark.alike(1)
class TestPoints(StageContract):
    """With every point of the space."""

    seeded = False
    exhaustive = True
    cost_growth = 0

    @pytest.fixture
    def build(self) -> Callable[[StageStart], Stage]:
        """Return what builds the method."""
        return given_all
