"""Scoring: from a trial's backtests to its score."""

from leanopt_core.fitness_options import Aggregate
from leanopt_core.scoring.aggregates import aggregate, score_each
from leanopt_core.scoring.constraint import (
    Operator,
    ResultConstraint,
    ResultConstraintError,
    SoftConstraint,
)
from leanopt_core.scoring.each import ScenarioFitness, requirement, trade_count, violated
from leanopt_core.scoring.figures import on_returns, on_trades
from leanopt_core.scoring.score import Scorer, failures
from leanopt_core.scoring.several import SeveralScorer

__all__ = [
    "Aggregate",
    "Operator",
    "ResultConstraint",
    "ResultConstraintError",
    "ScenarioFitness",
    "Scorer",
    "SeveralScorer",
    "SoftConstraint",
    "aggregate",
    "failures",
    "on_returns",
    "on_trades",
    "requirement",
    "score_each",
    "trade_count",
    "violated",
]
