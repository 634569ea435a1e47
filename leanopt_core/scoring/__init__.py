"""Scoring: from a trial's backtests to its score."""

from leanopt_core.scoring.constraint import Operator, ResultConstraint, ResultConstraintError
from leanopt_core.scoring.score import Aggregate, combine, failures, judge_each, score

__all__ = [
    "Aggregate",
    "Operator",
    "ResultConstraint",
    "ResultConstraintError",
    "combine",
    "failures",
    "judge_each",
    "score",
]
