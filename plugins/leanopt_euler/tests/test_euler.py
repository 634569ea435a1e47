"""The search method `euler`: passes that close in, whatever fails."""

from __future__ import annotations

import random
from decimal import Decimal
from functools import partial
from itertools import product
from typing import TYPE_CHECKING

import leanopt_euler
import pytest
from hypothesis import given
from hypothesis import strategies as st
from leanopt_euler import EulerOptions
from leanopt_euler._impl import EulerSearch, create

from leanopt_core.errors import PluginError
from leanopt_core.search.commands import StageRule
from leanopt_core.search.history import ToldHistory
from leanopt_core.space import Axis, ParameterConstraint, Space
from leanopt_core.stage import AskContext, StageStart, TellContext
from leanopt_core.testing import drive
from leanopt_core.trial import DONE, Proposal, Score, Trial

if TYPE_CHECKING:
    from collections.abc import Callable

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
    trials: int | None = None, *, seed_from: tuple[str, ...] = (), **options: object
) -> StageRule:
    """Return the stage `euler`."""
    build = partial(create, EulerOptions(**options))
    return StageRule("euler", "stage euler", build, trials, seed_from=seed_from)  # type: ignore[arg-type]


def peak(*top: int) -> Callable[[Point], Score]:
    """Return a landscape with one hill."""

    def score(point: Point) -> Score:
        height = -float(sum((a - b) ** 2 for a, b in zip(point, top, strict=True)))
        return Score(height, height)

    return score


def passes(proposed: list[Propose]) -> list[list[Point]]:
    """Return the points of each pass."""
    found: dict[str, list[Point]] = {}
    for command in proposed:
        found.setdefault(command.proposal.origin, []).append(command.proposal.point)
    assert list(found) == [f"pass {number}" for number in range(1, len(found) + 1)]
    return list(found.values())


def test_the_passes_are_eulers() -> None:
    """Worked out on paper: 65 levels in 4 segments, then steps of 4 and of 1 around the best."""
    (first, second, third) = passes(drive(space(65), [stage()], peak(37)).proposed)
    assert first == [(0,), (16,), (32,), (48,), (64,)]
    assert second == [(24,), (28,), (36,), (40,)]  # 32 is known
    assert third == [(34,), (35,), (37,), (38,)]  # 36 is known


def test_a_pruned_trial_is_no_centre() -> None:
    """Its score of a part of the scenarios looks too good; the best complete one counts."""
    hill = peak(37)

    def judge(point: Point) -> Score:
        score = hill(point)
        if point[0] % 32 != 16:
            return score
        return Score(900.0 + point[0], 900.0 + point[0], pruned_at=0)

    search = drive(space(65), [stage()], judge)
    pruned = {trial.number for trial in search.told if not trial.complete}
    assert pruned
    centres = {(command.proposal.because or {}).get("centre") for command in search.proposed}
    assert not centres & pruned
    complete = [trial.score.objective for trial in search.told if trial.complete]
    assert 0.0 in complete


def test_edges_are_not_left() -> None:
    """Beside an end of the axis a pass has only the side that there is."""
    (first, second, third) = passes(drive(space(65), [stage()], peak(0)).proposed)
    assert first == [(0,), (16,), (32,), (48,), (64,)]
    assert second == [(4,), (8,)]
    assert third == [(1,), (2,)]


def test_steps_between_levels_are_rounded() -> None:
    """An axis of 12 levels in 4 segments of 2.75; then the least step of 1 around the best."""
    (first, second) = passes(drive(space(12), [stage()], peak(6)).proposed)
    assert first == [(0,), (3,), (6,), (8,), (11,)]
    assert second == [(4,), (5,), (7,)]  # 8 is known


def test_segments() -> None:
    """An odd number has the centre too: one step to either side of it for three."""
    (first, second, third) = passes(drive(space(28), [stage(segments=3)], peak(19)).proposed)
    assert first == [(0,), (9,), (18,), (27,)]
    assert second == [(15,), (21,)]
    assert third == [(17,), (19,)]


def test_min_step_ends_the_refining() -> None:
    """Given in the parameter's own unit, rounded up to its grid; the others go on."""
    stop = Axis.decimals("stop", Decimal("0.1"), Decimal("0.9"), Decimal("0.05"))
    both = Space((stop, Axis.integers("fast", 10, 26, 1)), {}, ())
    options = {"min_step": {"stop": Decimal("0.08")}}
    found = passes(drive(both, [stage(**options)], peak(9, 9)).proposed)
    assert {level for level, _ in found[0]} == {0, 4, 8, 12, 16}
    assert {level for level, _ in found[1]} == {4, 6, 8, 10, 12}
    assert {level for _, level in found[1]} == {6, 7, 8, 9, 10}
    assert len(found) == 2


def test_a_min_step_wider_than_the_axis() -> None:
    """Its first level is all there is to try."""
    options = {"min_step": {"a": Decimal(50)}}
    assert passes(drive(space(20), [stage(**options)], peak(9)).proposed) == [[(0,)]]


@pytest.mark.parametrize(
    ("min_step", "message"),
    [
        (
            {"b": Decimal(1)},
            r"min_step names 'b'; expected a searched parameter; choose from: a, z",
        ),
        ({"z": Decimal(1)}, r"min_step\.z is 1, but z has no step: it is defined by choices"),
    ],
)
def test_min_step_names_a_grid(min_step: dict[str, Decimal], message: str) -> None:
    """Anything else is an error that says what and where."""
    with pytest.raises(PluginError, match=message):
        drive(space(5, choices=2), [stage(min_step=min_step)], peak(1, 1))


def test_options_are_checked() -> None:
    """A step is above 0, and one segment divides nothing."""
    with pytest.raises(ValueError, match="min_step"):
        EulerOptions(min_step={"a": Decimal(0)})
    with pytest.raises(ValueError, match="segments"):
        EulerOptions(segments=1)


@pytest.mark.parametrize("lookahead", [1, 16, 48])
def test_the_last_of_a_pass_may_fail(lookahead: int) -> None:
    """LEAN's search stopped there; this one goes on to the top."""

    def score(point: Point) -> Score:
        return Score(failure="timeout") if point == (64, 64) else peak(37, 3)(point)

    found = passes(drive(space(65, 65), [stage()], score, lookahead=lookahead).proposed)
    assert found[0][-1] == (64, 64)
    assert len(found) == 3
    assert (37, 3) in found[-1]


@given(
    st.lists(st.integers(1, 300), min_size=1, max_size=2),
    st.integers(2, 9),
    st.integers(0, 10**6),
    st.sampled_from([1, 16, 48]),
)
def test_finds_the_top_of_a_hill(
    lengths: list[int], segments: int, seed: int, lookahead: int
) -> None:
    """On every parabola of any size, to the level, with no point tried twice."""
    shuffle = random.Random(seed)
    top = tuple(map(shuffle.randrange, lengths))
    found = drive(
        space(*lengths), [stage(segments=segments)], peak(*top), lookahead=lookahead
    ).proposed
    points = [command.proposal.point for command in found]
    assert len(points) == len(set(points))
    best = min(points, key=lambda point: sum((a - b) ** 2 for a, b in zip(point, top, strict=True)))
    assert max(abs(a - b) for a, b in zip(best, top, strict=True)) <= 1


def test_choices_are_all_tried() -> None:
    """They have no steps: each pass has all of them."""
    for points in passes(drive(space(65, choices=3), [stage()], peak(37, 1)).proposed):
        assert {choice for _, choice in points} == {0, 1, 2}


def test_starts_from_what_is_known() -> None:
    """A better point of an earlier stage is closed in on; `seed_from` names whose counts."""
    rules = [
        StageRule("one", "one", partial(create, EulerOptions(segments=2)), 1),
        StageRule("two", "two", partial(create, EulerOptions(segments=7)), 1),
    ]

    def score(point: Point) -> Score:
        return Score(9.0, 9.0) if point == (0,) else peak(50)(point)

    free = drive(space(65), [*rules, stage()], score).proposed
    assert [c.proposal.point for c in free[:2]] == [(0,), (9,)]
    assert [c.proposal.point for c in free[-4:]] == [(4,), (8,), (1,), (2,)]
    seeded = drive(space(65), [*rules, stage(seed_from=("two",))], score).proposed
    assert (50,) in [c.proposal.point for c in seeded]


def test_constraints_and_violations() -> None:
    """Infeasible points are left out; where all violate something, the least is closed in on."""
    found = drive(space(65, 65, rules=("a < b",)), [stage()], peak(18, 35)).proposed
    assert all(a < b for a, b in (command.proposal.point for command in found))
    assert (18, 35) in [command.proposal.point for command in found]

    def score(point: Point) -> Score:
        return Score(1.0, 1.0, abs(point[0] - 37.0) + 1)

    assert (37,) in [
        command.proposal.point for command in drive(space(65), [stage()], score).proposed
    ]


@pytest.mark.parametrize("lookahead", [1, 16, 48])
def test_order_of_completion_changes_nothing(lookahead: int) -> None:
    """Whatever ends first and wherever it is resumed, the proposals are the same."""
    search = partial(drive, space(40, 60), [stage()], peak(9, 31), lookahead=lookahead)
    first = search().proposed
    assert all(search(order=order).proposed == first for order in range(1, 4))
    assert search(stored=first[: len(first) // 2], order=5).proposed == first
    points = [command.proposal.point for command in first]
    assert points == [command.proposal.point for command in search(lookahead=7).proposed]


@pytest.mark.parametrize(
    "score", [Score(failure="timeout"), Score(0.1, 0.1, 2.0), Score(1, 1), Score()]
)
def test_survives(score: Score) -> None:
    """Nothing but failures, violations or the same: no repeat and an end."""
    for small in (space(60, 50), space(1), Space((), {}, ()), space(5, 5, rules=("a + b > 90",))):
        proposed = drive(small, [stage()], lambda _point: score).proposed
        points = [command.proposal.point for command in proposed]
        assert len(points) == len(set(points))
        assert bool(points) is any(small.sample(1)) or small.grid_size == 1


def test_a_small_space_is_tried_whole() -> None:
    """Where every axis has no more levels than a pass tries, one pass is all."""
    proposed = drive(space(5, 4, choices=3), [stage()], peak(1, 1, 1)).proposed
    assert [c.proposal.point for c in proposed] == list(product(range(5), range(4), range(3)))


def test_three_thousand_of_five_thousand() -> None:
    """No repeat, nothing off the grid or infeasible: the machine would refuse or raise."""
    wide = space(10, 10, 10, 5, rules=("a + b < 18",))
    proposed = drive(wide, [stage(3000, segments=9)], peak(3, 3, 3, 3)).proposed
    assert len({command.proposal.point for command in proposed}) == len(proposed) == 3000
    assert {command.attempt for command in proposed} == {0}


def ended(score: Score) -> EulerSearch:
    """Ask a search of a hundred levels, one result at a time, until its end."""
    wide = space(100)
    nothing = ToldHistory(wide)
    search = create(EulerOptions(), StageStart(wide, 7, None, 1, nothing))
    number = 1
    while isinstance(answer := search.ask(AskContext(number, 0, 7, nothing)), Proposal):
        trial = Trial(number, "euler", answer.point, answer.origin, score)
        search.tell(trial, TellContext(number, 7, nothing))
        number += 1
    assert answer is DONE
    assert search.ask(AskContext(number, 0, 7, nothing)) is DONE
    return search


def test_says_why_it_ended() -> None:
    """And stays done when it is asked again."""
    assert ended(Score(1, 1)).reason == "finest step"
    assert ended(Score(failure="timeout")).reason == "no result to close in on"


def test_registers_lightly() -> None:
    """The hook names the method and where its code is."""
    (spec,) = leanopt_euler.leanopt_stages()
    assert (spec.name, spec.factory) == ("euler", "leanopt_euler._impl:create")
