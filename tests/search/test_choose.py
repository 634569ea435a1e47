"""The choice of trials at the end of a search: plateaus against looking at every pair of trials."""

from __future__ import annotations

from decimal import Decimal
from math import inf
from statistics import median

import pytest
from driving import grid
from hypothesis import given
from hypothesis import strategies as st
from test_rungs import listed, search

from leanopt_core.pipeline.tables import ChooseTable
from leanopt_core.search import commands as said
from leanopt_core.search.choose import Best, choose_of
from leanopt_core.search.history import ToldHistory
from leanopt_core.search.plateau import Neighbourhood, Plateau
from leanopt_core.space import Axis, ParameterConstraint, Space
from leanopt_core.trial import Score, Trial


def conditional() -> Space:
    """Return a space with a choice, a condition on it and one on a number, and a constraint."""
    axes = (
        Axis.integers("fast", 1, 4, 1),
        Axis.choices("exit", ["close", "trail"]),
        Axis.decimals("trail", Decimal("0.1"), Decimal("0.3"), Decimal("0.1")),
        Axis.integers("hold", 1, 3, 1),
    )
    known = {axis.name: axis for axis in axes}
    when = {"trail": "exit == 'trail'", "hold": "fast > 2"}
    conditions = {name: ParameterConstraint.parse(text, known) for name, text in when.items()}
    return Space(axes, {}, [ParameterConstraint.parse("fast + hold < 7", known)], conditions)


SPACES = (
    grid(),
    grid(12, 1),
    conditional(),
    Space(
        (
            Axis.logarithmic("x", Decimal("0.001"), Decimal(1), 7),
            Axis.decimals("y", Decimal("0.1"), Decimal("0.7"), Decimal("0.1")),
            Axis.choices("z", ["a", "b", "c"]),
        )
    ),
)
SMALL = st.integers(-3, 3).map(float) | st.floats(-1e6, 1e6, width=32)
SCORES = st.one_of(
    SMALL.map(lambda value: Score(value, value)),
    SMALL.map(lambda value: Score(value, value)),
    SMALL.map(lambda value: Score(value, value, 0.5)),
    st.just(Score(failure="timeout")),
    st.just(Score(reasons=("no trades",))),
    SMALL.map(lambda value: Score(value, value, pruned_at=0)),
)


@st.composite
def histories(draw):
    """Return a space, and a history of different points of it with scores of all kinds."""
    space = draw(st.sampled_from(SPACES))
    points = [one for one in map(space.point_at, range(space.grid_size)) if space.feasible(one)]
    told = draw(st.lists(st.sampled_from(points), unique=True, max_size=40))
    return space, history(space, [(point, draw(SCORES)) for point in told])


def history(space, told) -> ToldHistory:
    """Return a history of these points and scores."""
    found = ToldHistory(space)
    for number, (point, score) in enumerate(told, 1):
        found.add(Trial(number, "one", point, "x", score), space.grid_index(point))
    return found


def near(space, point, other, radius) -> bool:
    """Return whether a small step from a point leads to the other one."""
    for axis, level in enumerate(point):
        for moved in range(len(space.axes[axis])):
            stepped = (*point[:axis], moved, *point[axis + 1 :])
            small = space.axes[axis].ordered and 0 < abs(moved - level) <= radius
            if small and space.canonical(stepped) == other != point:
                return True
    return False


def ranked(space, told, radius, statistic) -> list[tuple[int, int, float | None]]:
    """Return number, told neighbours and plateau of each trial that can be chosen, best first."""
    known = [one for one in told if one.complete or not one.feasible]
    rows = []
    for one in told:
        if not (one.complete and one.feasible):
            continue
        others = [other for other in known if near(space, one.point, other.point, radius)]
        values = [other.objective if other.feasible else -inf for other in (one, *others)]
        value = (median if statistic == "median" else min)(values)
        rows.append((len(others) < 2, -value, -one.objective, one.number, len(others)))
    few = [(*row[2:4], row[4], None) for row in rows if row[0]]
    many = [row for row in rows if not row[0]]
    first = [(row[3], row[4], None if row[1] == inf else -row[1]) for row in sorted(many)]
    return [*first, *((number, count, value) for _, number, count, value in sorted(few))]


@given(histories(), st.integers(1, 3), st.sampled_from(["median", "worst"]), st.integers(1, 50))
def test_a_plateau_is_that_of_all_pairs_of_trials(case, radius, statistic, count):
    """On grids of integers, decimals and a log scale, with choices, conditions and constraints."""
    space, told = case
    plateau = Plateau(space, radius, statistic, count)
    expected = ranked(space, list(told), radius, statistic)
    found = plateau.first(told, len(told) + 1)
    assert [(one.told.number, one.neighbours, one.value) for one in found] == expected
    assert [one.number for one in plateau(told)] == [row[0] for row in expected[:count]]
    assert all(one in list(told) for one in plateau(told))


@given(histories(), st.integers(1, 3), st.sampled_from(["median", "worst"]))
def test_no_plateau_is_better_than_its_best_member(case, radius, statistic):
    """And a larger one has all neighbours of the smaller one."""
    space, told = case
    every = list(Plateau(space, radius, statistic).every(told))
    best = max((one.told.objective for one in every), default=None)
    assert all(one.value is None or one.value <= best for one in every)
    larger = {one.told.number: one for one in Plateau(space, radius + 1, statistic).every(told)}
    for one in every:
        assert larger[one.told.number].neighbours >= one.neighbours
        assert one.plateau or one.value is None
        if statistic == "worst" and one.plateau and (more := larger[one.told.number].value):
            assert one.value is not None
            assert more <= one.value


LINE = Space((Axis.integers("x", 1, 9, 1),))


def of_line(*values: float | None, radius: int = 1, statistic="median") -> list[Neighbourhood]:
    """Return what is chosen of a line of trials; None is one that failed."""
    scores = [Score(failure="timeout") if one is None else Score(one, one) for one in values]
    told = history(LINE, [((place,), score) for place, score in enumerate(scores)])
    return Plateau(LINE, radius, statistic).first(told, 9)


def test_a_broad_hill_goes_before_a_peak() -> None:
    """The best trial is alone; the best of a hill has good neighbours."""
    found = of_line(0, 9, 0, 4, 5, 4, 0)
    assert (found[0].told.number, found[0].value) == (5, 4.0)
    assert found[1].value == 4.0  # of 0, 4 and 5
    # At the ends of the line there is one neighbour only: no plateau, so they come last.
    assert [(one.told.number, one.plateau, one.value) for one in found[-2:]] == [
        (1, False, None),
        (7, False, None),
    ]


def test_a_failed_neighbour_is_below_all() -> None:
    """One of two leaves a median, and no worst; two leave none."""
    one, two = (None, 5, 4, 3, 4), (None, 5, None)
    assert of_line(*one)[0].value == 4.0
    assert of_line(*one)[1] == Neighbourhood(history_of(one)[2], 2, 4.0)
    assert of_line(*one, statistic="worst")[-1].told.number == 5
    assert next(n for n in of_line(*one, statistic="worst") if n.told.number == 2).value is None
    (only,) = of_line(*two)
    assert (only.plateau, only.value) == (True, None)


def history_of(values):
    """Return the told trials of a line."""
    scores = [Score(failure="timeout") if one is None else Score(one, one) for one in values]
    return list(history(LINE, [((place,), score) for place, score in enumerate(scores)]))


def test_large_values_have_a_finite_median() -> None:
    """Their sum has none."""
    huge = 1.7e308
    assert of_line(huge, huge, huge, huge)[0].value == huge
    square = grid()
    told = history(square, [((x, 0), Score(huge, huge)) for x in range(3)])
    told.add(Trial(4, "one", (1, 1), "x", Score(huge, huge)), square.grid_index((1, 1)))
    assert Plateau(square).first(told, 1)[0].value == huge


def test_the_table_chooses_the_rule() -> None:
    """As the pipeline has it."""
    assert choose_of(ChooseTable(tested=3), LINE) == Best(3)
    table = ChooseTable("plateau", 2, "worst", 4)
    assert choose_of(table, LINE) == Plateau(LINE, 2, "worst", 4)


@pytest.mark.parametrize("workers", [1, 5])
def test_a_search_tests_trials_on_plateaus(workers) -> None:
    """In any order of ends of backtests, and after the last told trial."""
    space = grid()
    farm, _ = search(
        listed(range(40)), lookahead=4, workers=workers, choose=Plateau(space, tested=3)
    )
    expected = ranked(space, list(farm.machine.history), 1, "median")[:3]
    assert farm.tested == [row[0] for row in expected]
    assert isinstance(farm.commands[-1], said.SearchEnded)
    assert farm.tested != [one.number for one in farm.machine.history.best(3)]
