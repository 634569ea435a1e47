"""The contract of every search method, held by `surrogate`."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import pytest
from leanopt_surrogate import SurrogateOptions
from leanopt_surrogate._impl import create

from leanopt_core.testing import StageContract

pytestmark = pytest.mark.long  # `make test` runs a few of them

if TYPE_CHECKING:
    from collections.abc import Callable

    from leanopt_core.stage import Stage, StageStart


class TestSurrogate(StageContract):
    """With so few points before the models that most asks are theirs."""

    examples = 10
    exhaustive = True
    cost_trials = (600,)  # 2,000 take a minute

    @pytest.fixture
    def build(self) -> Callable[[StageStart], Stage]:
        """Return what builds the method."""
        return partial(create, SurrogateOptions(initial=8))


class TestBatches(TestSurrogate):
    """With several proposals from one model from the start."""

    @pytest.fixture
    def build(self) -> Callable[[StageStart], Stage]:
        """Return what builds the method."""
        return partial(create, SurrogateOptions(initial=8, asks_per_second=70))
