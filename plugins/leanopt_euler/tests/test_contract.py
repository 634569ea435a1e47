"""The contract of every search method, held by `euler`."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import pytest
from leanopt_euler import EulerOptions
from leanopt_euler._impl import create

from leanopt_core.testing import StageContract

if TYPE_CHECKING:
    from collections.abc import Callable

    from leanopt_core.stage import Stage, StageStart


@pytest.mark.kit_again
@pytest.mark.alike(1)
class TestEuler(StageContract):
    """With its defaults."""

    seeded = False
    cost_growth = 0

    @pytest.fixture
    def build(self) -> Callable[[StageStart], Stage]:
        """Return what builds the method."""
        return partial(create, EulerOptions())
