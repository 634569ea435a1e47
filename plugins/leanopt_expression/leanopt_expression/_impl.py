"""The fitness function itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from leanopt_core.api import Backtested, Fitness, Formula, ScenarioFitness

if TYPE_CHECKING:
    from leanopt_expression import ExpressionOptions


def score(formula: Formula, backtest: Backtested) -> Fitness:
    """Return the formula's value at a backtest's statistics, or why it has none."""
    figures = {name: backtest.statistics.get(name) for name in formula.statistics}
    known = {name: value for name, value in figures.items() if value is not None}
    if len(known) < len(figures):
        missing = (name for name in figures if name not in known)
        return Fitness(reasons=tuple(map(backtest.statistics.missing, missing)))
    try:
        return Fitness(formula.value(known))
    except ArithmeticError as error:
        problem = "divides by zero" if isinstance(error, ZeroDivisionError) else "is too large"
        found = ", ".join(f"{name} = {value:g}" for name, value in known.items())
        return Fitness(reasons=(f"the formula {problem} at {found}",))


def create(options: ExpressionOptions) -> ScenarioFitness:
    """Return the fitness function for `options`."""
    formula = Formula.parse(options.formula)
    return ScenarioFitness(options, lambda backtest: score(formula, backtest), options.direction)
