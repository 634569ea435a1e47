"""The told history: right as a plain list is, and small."""

from __future__ import annotations

import tracemalloc
from decimal import Decimal

import pytest
from driving import grid
from hypothesis import given
from hypothesis import strategies as st

from leanopt_core.search.history import GridIndices, ToldHistory
from leanopt_core.space import Axis, Space
from leanopt_core.stage import Told
from leanopt_core.trial import Score, Trial

LONG = Space(Axis.integers(f"x{i}", 1, 10) for i in range(50))
SPACES = [
    grid(),
    Space((Axis.choices("x", ["only"]),)),
    Space((Axis.integers("x", 1, 2**40), Axis.decimals("y", 0, 2**21, Decimal("0.5")))),
    LONG,
]

objectives = st.none() | st.floats(allow_nan=False, allow_infinity=False) | st.integers(-2, 2)
violations = st.just(0.0) | st.floats(0, 1e9)
steps = st.sampled_from([None, None, 0, 7, 65_000])
named = st.dictionaries(st.sampled_from(["b", "a", "profit"]), st.floats(-1e9, 1e9), max_size=3)


@st.composite
def told_trials(draw):
    """Return a space and what is told: rank, number and the score's values; ranks do not repeat."""
    space = draw(st.sampled_from(SPACES))
    ranks = st.integers(0, space.grid_size - 1)
    told = draw(
        st.lists(
            st.tuples(
                ranks, objectives, violations, named, st.sampled_from([None, None, 0, 7, 65_000])
            ),
            unique_by=lambda t: t[0],
        )
    )
    gaps = [draw(st.integers(1, 3)) for _ in told]
    return space, [(rank, sum(gaps[: i + 1]), *rest) for i, (rank, *rest) in enumerate(told)]


def filled(space, told):
    """Return a history that was told these trials."""
    history = ToldHistory(space)
    for rank, number, *rest in told:
        history.add(trial_of(space, rank, number, *rest), rank)
    return history


def trial_of(space, rank, number, objective, violation, values=None, pruned_at=None):
    """Return a told trial."""
    score = Score(objective, objective, violation, values=values or {}, pruned_at=pruned_at)
    return Trial(number, "one", space.point_at(rank), "x", score)


def expected(space, told):
    """Return the list that a history stands for."""
    return [Told(number, space.point_at(rank), *rest) for rank, number, *rest in told]


def order(told):
    """Return what sorts by rank: feasible ones, then by violation, then those without a fitness."""
    if told.violation > 0:
        return (1, told.violation, told.number)
    if told.objective is not None:
        return (0, not told.complete, -told.objective, told.number)
    return (2, 0, told.number)


@given(told_trials())
def test_a_history_is_the_list_of_told_trials(case):
    """Length, items from both ends, slices and iteration."""
    history, model = filled(*case), expected(*case)
    assert len(history) == len(model)
    assert list(history) == model
    assert [history[i] for i in range(-len(model), len(model))] == model + model
    assert history[1:-1] == model[1:-1]
    assert history[::-2] == model[::-2]
    for beyond in (len(model), -len(model) - 1):
        with pytest.raises(IndexError):
            history[beyond]


@given(st.lists(st.tuples(st.booleans(), st.floats(-9, 9), st.floats(-9, 9)), max_size=9))
def test_several_objectives_are_kept(told):
    """Of each trial that has them, also if the first ones have none; of the others none."""
    history, expected = ToldHistory(grid()), []
    for number, (has, one, other) in enumerate(told, 1):
        score = Score(one, one, objectives=(one, other)) if has else Score(reasons=("none",))
        history.add(Trial(number, "one", grid().point_at(number), "x", score), number)
        expected.append((one, other) if has else ())
    assert [one.objectives for one in history] == expected
    assert [one.objectives for one in history.best(9)][: sum(map(bool, expected))] == [
        (a, b) for a, b in sorted(filter(None, expected), key=lambda pair: -pair[0])
    ]


def test_a_single_objective_is_the_only_one():
    """It has no column of its own."""
    history = ToldHistory(grid())
    history.add(trial_of(grid(), 1, 1, 0.5, 0.0), 1)
    history.add(trial_of(grid(), 2, 2, None, 0.0), 2)
    assert [one.objectives for one in history] == [(0.5,), ()]


@given(told_trials(), st.integers(0, 9))
def test_the_best_come_first(case, count):
    """By rank, ties by number, as many as there are and no more."""
    assert filled(*case).best(count) == sorted(expected(*case), key=order)[:count]


@given(told_trials(), st.data())
def test_a_slice_is_a_run_of_the_list(case, data):
    """One stage's trials are a history of their own, also when more is told afterwards."""
    space, told = case
    cut = data.draw(st.integers(0, len(told)))
    start = data.draw(st.integers(0, cut))
    history = filled(space, told[:cut])
    part, rest, model = history.since(start, cut), history.since(start), expected(*case)[start:cut]
    for rank, number, *score in told[cut:]:
        history.add(trial_of(space, rank, number, *score), rank)
    for one in (part, rest):
        assert len(one) == len(model)
        assert list(one) == model
        assert one[:] == model
        assert [one[i] for i in range(-len(model), len(model))] == model + model
        assert one.best(3) == sorted(model, key=order)[:3]
        with pytest.raises(IndexError):
            one[len(model)]


@given(told_trials(), st.data())
def test_a_told_point_is_known_and_no_other(case, data):
    """All told ranks, and none beside them."""
    space, told = case
    history, ranks = filled(space, told), {rank for rank, *_ in told}
    assert all(history.knows(rank) for rank in ranks)
    others = st.integers(0, space.grid_size - 1)
    for rank in data.draw(st.lists(others, max_size=30)):
        assert history.knows(rank) is (rank in ranks)


@pytest.mark.parametrize("stride", [1, 2**20, 2**40, 2**64, 10**30])
def test_ranks_in_step_are_found_as_fast_as_others(stride, monkeypatch):
    """A method that moves along one axis gives multiples: nothing makes them meet."""
    looks = []

    class Watched(GridIndices):
        def __getitem__(self, position):
            looks.append(position)
            return super().__getitem__(position)

    monkeypatch.setattr("leanopt_core.search.history.GridIndices", Watched)
    history = filled(LONG, [(i * stride, i + 1, None, 0.0) for i in range(2000)])
    looks.clear()
    assert all(history.knows(i * stride) for i in range(2000))
    assert len(looks) < 4 * 2000


#: Just past a doubling of the table, where a trial costs most.
MANY = 2**18 // 3 + 20


@pytest.mark.long
@pytest.mark.slow
@pytest.mark.parametrize(
    ("digits", "names", "limit"),
    [
        (12, "", 47),
        pytest.param(12, "abcd", 47 + 4 * 9, marks=pytest.mark.long),
        pytest.param(50, "", 64, marks=pytest.mark.long),
    ],
)
def test_a_told_trial_costs_few_bytes(digits, names, limit):
    """At the highest, while the table is doubled; a named value costs 8, and room to grow."""
    space = Space(LONG.axes[:digits])
    step = space.grid_size // MANY
    values = dict.fromkeys(names, 0.5)
    told = Trial(1, "one", (), "", Score(1.0, 1.0, 0.0, values=values))
    history = ToldHistory(space)
    tracemalloc.start()
    try:
        for i in range(MANY):
            history.add(told, i * step)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert len(history) == MANY
    assert peak <= limit * MANY


@given(told_trials())
def test_a_point_is_found_again(case):
    """In the whole history and in the slices that hold it, and in no others."""
    history = filled(*case)
    for position, told in enumerate(history):
        assert history.find(told.point) == told
        assert history.since(position).find(told.point) == told
        assert history.since(position + 1).find(told.point) is None
