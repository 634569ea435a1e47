"""Scoring: what a trial's backtests are worth, and which trial is the better one."""

from leanopt_core.scoring.constraint import Operator, ResultConstraint, ResultConstraintError
from leanopt_core.scoring.ranking import Ranked, rank_key
from leanopt_core.scoring.score import Aggregate, combine, judge_each, score

__all__ = [
    "Aggregate",
    "Operator",
    "Ranked",
    "ResultConstraint",
    "ResultConstraintError",
    "combine",
    "judge_each",
    "rank_key",
    "score",
]
