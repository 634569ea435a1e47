"""The Pareto front against looking at every pair, and trials spread over it."""

from __future__ import annotations

from itertools import pairwise

from driving import grid
from hypothesis import given
from hypothesis import strategies as st

from leanopt_core.pareto import dominates, pareto_front, spread
from leanopt_core.pipeline.tables import ChooseTable
from leanopt_core.search.choose import choose_of
from leanopt_core.search.history import ToldHistory
from leanopt_core.trial import Score, Trial


@st.composite
def points(draw: st.DrawFn) -> list[tuple[float, ...]]:
    """Return points of one width; small numbers repeat, so that some are equal."""
    width = draw(st.integers(1, 4))
    numbers = st.integers(-3, 3).map(float) | st.floats(-1e9, 1e9)
    return draw(st.lists(st.tuples(*[numbers] * width), max_size=40))


def beaten(point: tuple[float, ...], by: tuple[float, ...]) -> bool:
    """Return whether `by` is as good in everything, and better in something."""
    pairs = list(zip(point, by, strict=True))
    return all(b >= a for a, b in pairs) and any(b > a for a, b in pairs)


@given(points())
def test_the_front_is_what_no_pair_beats(some) -> None:
    """With equal points, on any number of objectives."""
    expected = [
        place for place, one in enumerate(some) if not any(beaten(one, other) for other in some)
    ]
    assert pareto_front(some) == expected
    assert all(dominates(a, b) is beaten(b, a) for a in some for b in some)


@given(st.lists(st.integers(), unique=True, max_size=30), st.integers(1, 40))
def test_a_spread_has_both_ends_and_steps_alike(ranked, count) -> None:
    """As many as asked for, or all; the first one always."""
    found = spread(ranked, count)
    assert len(found) == min(count, len(ranked))
    places = [ranked.index(one) for one in found]
    assert places[:1] == [0][: len(ranked)]
    if 1 < count <= len(ranked):
        assert places[-1] == len(ranked) - 1
        steps = {after - before for before, after in pairwise(places)}
        assert max(steps) - min(steps) <= 1


@given(
    st.lists(
        st.tuples(st.integers(-3, 3), st.integers(-3, 3), st.sampled_from("ffvn")), max_size=9
    ),
    st.integers(1, 12),
)
def test_chosen_trials_are_feasible_ones_of_the_front(told, count) -> None:
    """Infeasible trials and those without a fitness neither count nor dominate."""
    space, history = grid(), ToldHistory(grid())
    scores = [
        Score(reasons=("none",))
        if kind == "n"
        else Score(float(a), float(a), float(kind == "v"), objectives=(float(a), float(b)))
        for a, b, kind in told
    ]
    for number, score in enumerate(scores, 1):
        trial = Trial(number, "one", space.point_at(number), "x", score)
        history.add(trial, number)
    feasible = [one for one in history if one.feasible]
    front = [
        one
        for one in feasible
        if not any(beaten(one.objectives, other.objectives) for other in feasible)
    ]
    found = choose_of(ChooseTable("front", tested=count), space)(history)
    ranked = sorted(front, key=lambda one: (-one.objectives[0], one.number))
    assert list(found) == spread(ranked, count)
    every = choose_of(ChooseTable("front", tested=100), space)(history)
    assert sorted(one.number for one in every) == [one.number for one in front]
