"""The ranking: total, and as documented."""

from __future__ import annotations

from functools import cmp_to_key
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from leanopt_core.ranking import rank_key
from leanopt_core.trial import Score

finite = st.floats(allow_nan=False, allow_infinity=False)
scores = st.builds(
    Score,
    objective=st.one_of(st.none(), finite, st.integers(0, 2).map(float)),
    violation=st.one_of(st.just(0.0), st.floats(0, 1e100), st.integers(0, 2).map(float)),
    pruned_at=st.sampled_from([None, None, 0, 3]),
)
trials = st.tuples(scores, st.integers(1, 3), st.integers(1, 50))


def test_order_by_example() -> None:
    """Feasible by objective, complete ones first; then by violation; the rest; ties by number."""
    ranked = [
        (Score(objective=2.0), 1, 9),
        (Score(objective=1.0), 1, 2),
        (Score(objective=1.0), 1, 7),
        (Score(objective=1.0), 2, 1),
        (Score(objective=-5.0), 1, 1),
        (Score(objective=7.0, pruned_at=1), 1, 11),
        (Score(objective=6.0, pruned_at=0), 1, 10),
        (Score(objective=9.0, violation=0.1), 1, 3),
        (Score(objective=None, violation=0.2), 1, 4),
        (Score(objective=99.0, violation=0.2), 1, 5),
        (Score(failure="timeout"), 1, 6),
        (Score(reasons=("no statistic",)), 1, 8),
    ]
    shuffled = ranked[::-1]
    assert sorted(shuffled, key=lambda trial: rank_key(*trial)) == ranked


def compare(one: tuple[Score, int, int], other: tuple[Score, int, int]) -> int:
    """Compare two trials rule by rule, as the documentation says it."""

    def group(score: Score) -> int:
        if score.feasible:
            return 0 if score.complete else 1
        return 2 if score.violation > 0 else 3

    mine, others = one[0], other[0]
    if group(mine) != group(others):
        return group(mine) - group(others)
    if group(mine) < 2 and mine.objective != others.objective:
        assert mine.objective is not None
        assert others.objective is not None
        return -1 if mine.objective > others.objective else 1
    if group(mine) == 2 and mine.violation != others.violation:
        return -1 if mine.violation < others.violation else 1
    return -1 if one[1:] < other[1:] else int(one[1:] > other[1:])


@given(st.lists(trials, max_size=30, unique_by=lambda trial: trial[1:]))
def test_total_and_as_documented(drawn: list[tuple[Score, int, int]]) -> None:
    """Sorting by the key is sorting by the rules; no two trials share a place."""
    by_key = sorted(drawn, key=lambda trial: rank_key(*trial))
    assert by_key == sorted(drawn, key=cmp_to_key(compare))
    assert all(rank_key(*one) < rank_key(*other) for one, other in pairwise(by_key))
