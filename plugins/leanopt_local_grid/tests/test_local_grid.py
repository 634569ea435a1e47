"""The search method `local_grid`: neighbours of the best, and climbing from them."""

from __future__ import annotations

import random
from functools import partial
from itertools import product
from typing import TYPE_CHECKING

import leanopt_local_grid
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from leanopt_local_grid import LocalGridOptions
from leanopt_local_grid._impl import LocalGrid, create
from leanopt_local_grid._near import nearest_first

from leanopt_core.search.commands import StageRule
from leanopt_core.search.history import ToldHistory
from leanopt_core.space import Axis, ParameterConstraint, Space
from leanopt_core.stage import AskContext, StageStart, TellContext
from leanopt_core.testing import drive
from leanopt_core.trial import DONE, Proposal, Score, Trial

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from leanopt_core.search.commands import Propose
    from leanopt_core.space import Point


def space(*lengths: int, rules: tuple[str, ...] = (), choices: int = 0) -> Space:
    """Return a space with axes a, b, c ... of so many levels each, and one of choices, z."""
    names = "abcdefgh"[: len(lengths)]
    axes = [Axis.integers(n, 0, size - 1, 1) for n, size in zip(names, lengths, strict=True)]
    if choices:
        axes.append(Axis.choices("z", [f"choice {i}" for i in range(choices)]))
    return Space(tuple(axes), {}, tuple(ParameterConstraint.parse(rule, names) for rule in rules))


def stage(
    trials: int | None = None, *, seed_from: tuple[str, ...] = (), **options: int
) -> StageRule:
    """Return the stage `local_grid`."""
    build = partial(create, LocalGridOptions(**options))
    return StageRule("local", "stage local", build, trials, seed_from=seed_from)


class Scan:
    """A method that proposes given points in turn."""

    def __init__(self, points: Iterator[Point]) -> None:
        self.points = points

    def ask(self, context: AskContext) -> Proposal | object:
        """Return the next point."""
        point = next(self.points, None)
        return DONE if point is None else Proposal(point, "scan")

    def tell(self, trial: object, context: object) -> None:
        """Learn nothing."""

    def refused(self, point: Point) -> None:
        """Learn nothing."""


def scan(*points: Point, name: str = "scan") -> StageRule:
    """Return a stage that proposes these points."""
    return StageRule(name, name, lambda _start: Scan(iter(points)))  # type: ignore[arg-type, return-value]  # the protocol's union


def peak(*top: int) -> Callable[[Point], Score]:
    """Return a landscape with one hill."""

    def score(point: Point) -> Score:
        height = -float(sum((a - b) ** 2 for a, b in zip(point, top, strict=True)))
        return Score(height, height)

    return score


def local(proposed: list[Propose]) -> list[Point]:
    """Return the points that the stage `local_grid` proposed after another one."""
    return [command.proposal.point for command in proposed if command.index == 1]


def chebyshev(one: Point, two: Point) -> int:
    """Return the largest distance on any axis."""
    return max(abs(a - b) for a, b in zip(one, two, strict=True))


def test_a_pruned_trial_is_no_centre() -> None:
    """Its score of a part of the scenarios looks too good; the best complete one counts."""
    hill = peak(7, 5)

    def judge(point: Point) -> Score:
        score = hill(point)
        if point[0] % 4 != 0:
            return score
        return Score(900.0 + point[0], 900.0 + point[0], pruned_at=0)

    search = drive(space(12, 9), [scan((1, 1), (0, 2)), stage(climb=True, radius=2)], judge)
    pruned = {trial.number for trial in search.told if not trial.complete}
    assert pruned
    centres = {(command.proposal.because or {}).get("centre") for command in search.proposed}
    assert not centres & pruned
    complete = [trial.score.objective for trial in search.told if trial.complete]
    assert 0.0 in complete


@settings(deadline=None)
@given(
    st.tuples(st.integers(1, 6), st.integers(1, 6), st.integers(1, 4)),
    st.integers(1, 4),
    st.integers(0, 10**6),
    st.booleans(),
)
def test_neighbours_are_the_core_ones_nearest_first(
    lengths: tuple[int, ...], radius: int, seed: int, ruled: bool
) -> None:
    """Those that `Space.neighbours` gives, the ones that differ on fewer axes before the others."""
    shuffle = random.Random(seed)
    mixed = space(*lengths, choices=3, rules=("a <= b",) if ruled else ())
    centre = (*map(shuffle.randrange, lengths), shuffle.randrange(3))
    near = list(nearest_first(mixed, centre, radius, shuffle))
    assert sorted(near) == sorted(mixed.neighbours(centre, radius, "chebyshev"))
    changed = [sum(a != b for a, b in zip(point, centre, strict=True)) for point in near]
    assert changed == sorted(changed)


def test_all_neighbours_of_the_best() -> None:
    """Around the `top_n` best of all before, what is not known; then it is done."""
    before = [(2, 2), (2, 3), (9, 9), (15, 0)]
    stages = [scan(*before), stage(top_n=3, radius=2)]
    proposed = drive(space(20, 20), stages, peak(2, 2)).proposed
    expected = {
        point
        for point in product(range(20), range(20))
        if any(chebyshev(point, centre) <= 2 for centre in before[:3])
    }
    found = local(proposed)
    assert len(found) == len(set(found))
    assert set(found) == expected - set(before)
    assert {command.proposal.origin for command in proposed if command.index} == {
        "near trial 1",
        "near trial 2",
        "near trial 3",
    }


def test_centres_take_turns_and_are_cut() -> None:
    """Each centre has `max_neighbors` new points, the nearest, one at a time."""
    stages = [scan((5, 5), (30, 30)), stage(top_n=2, max_neighbors=4)]
    proposed = drive(space(40, 40), stages, peak(5, 5)).proposed
    assert [command.proposal.origin for command in proposed[2:]] == 4 * [
        "near trial 1",
        "near trial 2",
    ]
    for centre, found in zip([(5, 5), (30, 30)], (proposed[2::2], proposed[3::2]), strict=True):
        for command in found:
            point = command.proposal.point
            assert sum(a != b for a, b in zip(point, centre, strict=True)) == 1


def test_seeds_name_the_centre() -> None:
    """`seed_from` looks at one stage only; without it the best of all before counts."""
    before = [scan((2, 2), name="one"), scan((9, 9), name="two")]
    rules = [*before, stage(seed_from=("two",), top_n=1)]
    seeded = [c.proposal.point for c in drive(space(20, 20), rules, peak(2, 2)).proposed[2:]]
    assert all(chebyshev(point, (9, 9)) == 1 for point in seeded)
    best = [
        c.proposal.point
        for c in drive(space(20, 20), [*before, stage(top_n=1)], peak(2, 2)).proposed
    ]
    assert all(chebyshev(point, (2, 2)) == 1 for point in best[2:])


def test_the_least_violated_where_nothing_is_feasible() -> None:
    """Feasible centres only; if there are none, the least violated; failed ones never."""

    def score(point: Point) -> Score:
        if point == (0, 0):
            return Score(failure="timeout")
        return Score(1.0, 1.0, float(sum(point)))

    for centre, points in (((3, 3), [(0, 0), (3, 3), (9, 9)]), ((9, 9), [(9, 9), (0, 0)])):
        found = local(drive(space(20, 20), [scan(*points), stage(top_n=1)], score).proposed)
        assert found
        assert all(chebyshev(point, centre) == 1 for point in found)
    mixed = local(
        drive(
            space(20, 20),
            [scan((3, 3), (9, 9)), stage(top_n=2)],
            lambda point: score(point) if point != (9, 9) else Score(1.0, 1.0),
        ).proposed
    )
    assert all(chebyshev(point, (9, 9)) == 1 for point in mixed)


@pytest.mark.alike(1)
@pytest.mark.parametrize("lookahead", [1, 16, 48])
@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10**6))
def test_climbs_to_a_local_optimum(lookahead: int, seed: int) -> None:
    """From anywhere on a random landscape: at the end every neighbour of the best is known."""
    heights = random.Random(seed)
    landscape = {point: heights.random() for point in product(range(9), range(9), range(3))}
    rough = space(9, 9, choices=3)
    built: list[LocalGrid] = []

    def build(start: StageStart) -> LocalGrid:
        built.append(create(LocalGridOptions(climb=True), start))
        return built[-1]

    stages = [StageRule("local", "stage local", build)]  # type: ignore[arg-type]  # a method
    proposed = drive(
        rough,
        stages,
        lambda point: Score(landscape[point], landscape[point]),
        lookahead=lookahead,
        seed=seed,
    ).proposed
    known = {command.proposal.point for command in proposed}
    assert len(known) == len(proposed)
    best = max(known, key=landscape.__getitem__)
    assert set(rough.neighbours(best, 1, "chebyshev")) <= known
    assert built[0].reason == "local optimum"


def test_climbing_finds_a_single_peak() -> None:
    """With one hill the local optimum is the top, and few of the 160,000 points are tried."""
    proposed = drive(
        space(20, 20, 20, 20), [stage(climb=True)], peak(17, 3, 11, 8), lookahead=1
    ).proposed
    assert (17, 3, 11, 8) in [command.proposal.point for command in proposed]
    assert len(proposed) < 500


def test_climbs_from_violation_to_feasibility() -> None:
    """A smaller violation is better; a feasible point is better than any."""

    def score(point: Point) -> Score:
        return Score(float(point[0]), float(point[0]), max(0.0, 12.0 - sum(point)))

    points = [
        c.proposal.point
        for c in drive(space(20, 20), [scan((0, 0)), stage(climb=True)], score).proposed
    ]
    assert max(a for a, b in points if a + b >= 12) == 19


def test_a_plateau_ends_a_climb() -> None:
    """As good is not better: a constant landscape ends after one neighbourhood."""
    proposed = drive(
        space(9, 9), [scan((4, 4)), stage(climb=True)], lambda _point: Score(1, 1)
    ).proposed
    assert len(proposed) == 9


@pytest.mark.parametrize("lookahead", [1, 16, 48])
def test_order_of_completion_changes_nothing(lookahead: int) -> None:
    """Whatever ends first and wherever it is resumed, the proposals are the same."""
    stages = [scan((5, 5, 5)), stage(climb=True, radius=2)]
    search = partial(drive, space(20, 20, 20), stages, peak(9, 1, 14), lookahead=lookahead)
    first = search().proposed
    assert all(search(order=order).proposed == first for order in range(1, 4))
    assert search(stored=first[: len(first) // 2], order=5).proposed == first
    assert search(seed=8).proposed != first


@pytest.mark.parametrize("climb", [False, True])
@pytest.mark.parametrize(
    "score", [Score(failure="timeout"), Score(0.1, 0.1, 2.0), Score(1, 1), Score()]
)
def test_survives(score: Score, climb: bool) -> None:
    """Nothing but failures, violations or the same: no repeat, an end, everything if need be."""
    for small in (space(6, 5), space(1), Space((), {}, ()), space(5, 5, rules=("a + b > 90",))):
        proposed = drive(small, [stage(climb=climb)], lambda _point: score).proposed
        points = [command.proposal.point for command in proposed]
        assert len(points) == len(set(points))
        if score.objective is None:
            assert sorted(points) == sorted(small.sample(1))


@pytest.mark.long
def test_three_thousand_of_five_thousand() -> None:
    """No repeat, nothing off the grid or infeasible: the machine would refuse or raise."""
    wide = space(10, 10, 10, 5, rules=("a + b < 18",))
    proposed = drive(wide, [stage(3000, radius=9)], peak(3, 3, 3, 3)).proposed
    assert len({command.proposal.point for command in proposed}) == len(proposed) == 3000
    assert {command.attempt for command in proposed} == {0}


def test_a_huge_space_costs_nothing() -> None:
    """Eight parameters of a thousand levels have 10^24 neighbours, none of which is listed."""
    proposed = drive(space(*[1000] * 8), [stage(200, radius=1000)], peak(*[500] * 8)).proposed
    assert len(proposed) == 200


def test_asked_after_the_end() -> None:
    """It stays done."""
    nothing = ToldHistory(space(1))
    search = create(LocalGridOptions(), StageStart(space(1), 7, None, 1, nothing))
    context = AskContext(1, 0, 7, nothing)
    assert search.ask(context) == Proposal((0,), "random", {"sample": 1})
    search.tell(Trial(1, "local", (0,), "", Score(1, 1)), TellContext(1, 7, nothing))
    assert [search.ask(context) for _ in range(2)] == [DONE, DONE]
    assert search.reason == "all neighbours tried"


def test_leaves_the_global_generator_alone() -> None:
    """No global random state is read or moved."""
    random.seed(3)
    state = random.getstate()
    drive(space(9, 9), [stage(climb=True)], peak(4, 4))
    assert random.getstate() == state


def test_registers_lightly() -> None:
    """The hook names the method and where its code is."""
    (spec,) = leanopt_local_grid.leanopt_stages()
    assert (spec.name, spec.factory) == ("local_grid", "leanopt_local_grid._impl:create")
