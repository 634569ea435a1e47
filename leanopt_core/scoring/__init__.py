"""Scoring: from a trial's backtests to its score."""

from leanopt_core.scoring.constraint import Operator, ResultConstraint, ResultConstraintError
from leanopt_core.scoring.each import ScenarioFitness, bound, trade_count, unmet
from leanopt_core.scoring.figures import on_returns, on_trades
from leanopt_core.scoring.score import Aggregate, Scorer, combine, judge_each, score

__all__ = [
    "Aggregate",
    "Operator",
    "ResultConstraint",
    "ResultConstraintError",
    "ScenarioFitness",
    "Scorer",
    "bound",
    "combine",
    "judge_each",
    "on_returns",
    "on_trades",
    "score",
    "trade_count",
    "unmet",
]
