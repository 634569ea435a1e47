"""A search without any fitness is noticed early, and only then."""

from __future__ import annotations

from leanopt_core.search.unread import ENOUGH, ScoreCheck
from leanopt_core.trial import Score

NOTHING = Score(reasons=("Sharp Ratio: no such statistic; did you mean 'Sharpe Ratio'?",))


def test_nothing_but_trials_without_a_fitness_is_warned_of_once() -> None:
    """With the last one's reason; failed trials say nothing about the fitness."""
    check = ScoreCheck()
    said = []
    for _ in range(3 * ENOUGH):
        said += [check.saw(Score(failure="timeout")), check.saw(NOTHING)]
    (warning,) = [one for one in said if one]
    assert warning == f"none of the first 16 completed trials has a fitness: {NOTHING.reasons[0]}"
    assert said.index(next(filter(None, said))) == 2 * ENOUGH - 1


def test_one_fitness_is_enough() -> None:
    """However the others come out."""
    check = ScoreCheck()
    assert check.saw(Score(1.0, 1.0)) is None
    assert [check.saw(NOTHING) for _ in range(3 * ENOUGH)] == [None] * 3 * ENOUGH
