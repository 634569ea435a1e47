"""What holds for every fitness function that is a ratio of daily returns."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import ClassVar

import pytest
from hypothesis import strategies as st

from leanopt_core.fitness import FitnessFunction
from leanopt_core.fitness_options import ReturnsOptions
from leanopt_core.testing import FitnessContract
from tests.backtests import RETURNS, listed, merits, said

#: Daily returns, a risk-free rate a year, and returns a year.
FIGURES = (
    st.lists(st.floats(-0.99, 3e38), min_size=2, max_size=9),
    st.sampled_from([0.0, -0.5, 0.05, 10.0]),
    st.sampled_from([1, 252, 10_000]),
)


class ReturnsContract(FitnessContract):
    """The kit for fitness functions; `create` is the factory."""

    needs = frozenset({"returns"})
    create: ClassVar[Callable[[ReturnsOptions], FitnessFunction]]

    @pytest.fixture
    def fitness(self) -> FitnessFunction:
        """With a rate and both minimums."""
        return type(self).create(ReturnsOptions(risk_free_rate="2%", min_years=0.1))


class ReturnsCases:
    """The common cases; `create` is the factory."""

    name: ClassVar[str]
    plugin: ClassVar[ModuleType]
    create: ClassVar[Callable[[ReturnsOptions], FitnessFunction]]

    @property
    def readme(self) -> Path:
        """The plugin's README."""
        return Path(str(self.plugin.__file__)).parents[1] / "README.md"

    def test_order(self) -> None:
        """Gains, nothing, losses, too few trades, too few days, a total loss."""
        ranked = merits(type(self).create(ReturnsOptions()), RETURNS)
        assert ranked == sorted(ranked)

    def test_flat_where_few_trades_are_enough(self) -> None:
        """Nothing is neither good nor bad, but a sure loss against a risk-free rate."""
        flat, create = RETURNS["no trades"], type(self).create
        assert said(create(ReturnsOptions(min_trades=0)), flat) == "0"
        below = said(create(ReturnsOptions(min_trades=0, risk_free_rate="2%")), flat)
        assert f"or {below} with a risk-free rate of 2%" in self.readme.read_text()

    def test_readme_says_what_is_computed(self) -> None:
        """The table of cases."""
        fitness = type(self).create(ReturnsOptions())
        assert listed(self.readme) == {case: said(fitness, one) for case, one in RETURNS.items()}

    def test_registers_lightly(self) -> None:
        """The hook names the function, where its code is, and what it needs."""
        (spec,) = self.plugin.leanopt_fitness()
        assert (spec.name, spec.factory) == (self.name, f"leanopt_{self.name}._impl:create")
        assert spec.needs == {"returns"}
