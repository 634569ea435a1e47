"""The search method `ga_deap` in searches: no repeats, its ends, restarts, whatever scores come."""

from __future__ import annotations

import random
import subprocess
import sys
from functools import partial
from typing import TYPE_CHECKING

import leanopt_ga_deap
import pytest
from hypothesis import given
from hypothesis import strategies as st
from leanopt_ga_deap import GeneticOptions
from leanopt_ga_deap._impl import GeneticSearch, create

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


ENDLESS = {"n_generations": 1000, "early_stopping_generations": 0}


def space(*lengths: int, rules: tuple[str, ...] = (), choices: int = 0) -> Space:
    """Return a space with axes a, b, c ... of so many levels each, and one of choices, z."""
    names = "abcdefgh"[: len(lengths)]
    axes = [Axis.integers(n, 0, size - 1, 1) for n, size in zip(names, lengths, strict=True)]
    if choices:
        axes.append(Axis.choices("z", [f"choice {i}" for i in range(choices)]))
    return Space(tuple(axes), {}, tuple(ParameterConstraint.parse(rule, names) for rule in rules))


def stage(
    trials: int | None = None,
    *,
    name: str = "ga",
    seed_from: tuple[str, ...] = (),
    **options: float,
) -> StageRule:
    """Return the stage `ga_deap`."""
    build = partial(create, GeneticOptions(**options))  # type: ignore[arg-type]  # its own types
    return StageRule(name, f"stage {name}", build, trials, seed_from=seed_from)


def peak(*top: int) -> Callable[[Point], Score]:
    """Return a landscape with one hill."""

    def score(point: Point) -> Score:
        height = -float(sum((a - b) ** 2 for a, b in zip(point, top, strict=True)))
        return Score(height, height)

    return score


def origins(proposed: list[Propose]) -> list[str]:
    """Return the origins of proposals."""
    return [command.proposal.origin for command in proposed]


def points(proposed: list[Propose]) -> list[Point]:
    """Return the points of proposals."""
    return [command.proposal.point for command in proposed]


@pytest.mark.long
@pytest.mark.parametrize("lookahead", [1, 16, 48])
@pytest.mark.parametrize("rules", [(), ("a + b < 18", "c != 5 or d > 1")])
def test_three_thousand_of_five_thousand(rules: tuple[str, ...], lookahead: int) -> None:
    """No repeat is proposed, none refused; the machine raises at what is infeasible."""
    wide = space(10, 10, 10, 5, rules=rules)
    proposed = drive(wide, [stage(3000, **ENDLESS)], peak(3, 3, 3, 3), lookahead=lookahead).proposed
    assert len(set(points(proposed))) == len(proposed) == 3000
    assert {command.attempt for command in proposed} == {0}


@given(
    st.lists(st.integers(1, 6), min_size=1, max_size=3),
    st.sampled_from([(), ("a > 1",), ("a == 0",)]),
    st.integers(2, 9),
    st.sampled_from([1, 16, 48]),
    st.integers(0, 10**6),
)
def test_exhausts_a_small_space(
    lengths: list[int], rules: tuple[str, ...], size: int, lookahead: int, seed: int
) -> None:
    """Where nothing else stops it, every feasible point comes exactly once."""
    small = space(*lengths, rules=rules, choices=2)
    options = {**ENDLESS, "population_size": size, "final_population_size": 3}
    proposed = drive(
        small, [stage(**options)], peak(*lengths, 0), lookahead=lookahead, seed=seed, order=seed
    ).proposed
    assert sorted(points(proposed)) == sorted(small.sample(1))


@pytest.mark.parametrize("lookahead", [1, 16, 48])
def test_order_of_completion_changes_nothing(lookahead: int) -> None:
    """Whatever ends first and wherever it is resumed, the proposals are the same."""
    mixed = space(30, 20, 9, rules=("a > b",), choices=4)
    rules = [stage(200, population_size=30)]
    search = partial(drive, mixed, rules, peak(25, 3, 3, 1), lookahead=lookahead)
    first = search().proposed
    assert len(first) == 200
    assert all(search(order=order).proposed == first for order in range(1, 4))
    assert search(stored=first[:120], order=5).proposed == first
    assert search(seed=8).proposed != first


def test_same_on_every_machine() -> None:
    """The seed alone decides: these are its children, for good."""
    proposed = drive(
        space(100, 10, 3), [stage(8, population_size=3)], peak(50, 5, 1), lookahead=1
    ).proposed
    assert points(proposed) == [
        *[(11, 8, 1), (19, 7, 2), (33, 8, 1), (33, 8, 2)],
        *[(49, 8, 1), (9, 8, 1), (49, 2, 1), (49, 4, 1)],
    ]


def test_leaves_the_global_generator_alone() -> None:
    """No global random state is read or moved."""
    runs = []
    for seed in (3, 4):
        random.seed(seed)
        state = random.getstate()
        runs.append(drive(space(30, 30), [stage(100, population_size=20)], peak(9, 9)).proposed)
        assert random.getstate() == state
    assert runs[0] == runs[1]


@pytest.mark.parametrize("lookahead", [1, 16])
@pytest.mark.parametrize(
    "score", [Score(failure="timeout"), Score(0.1, 0.1, 2.0), Score(1, 1), Score()]
)
def test_survives(score: Score, lookahead: int) -> None:
    """Nothing but failures, violations or the same: early stopping ends it 225 children later.

    At the distance 16 there are 15 more under way by then.
    """
    proposed = drive(
        space(40, 40, choices=3), [stage()], lambda _point: score, lookahead=lookahead
    ).proposed
    assert len(set(points(proposed))) == len(proposed) == 125 + 225 + lookahead - 1


def test_the_smallest_spaces() -> None:
    """One point, no searched parameter, no feasible point."""
    assert points(drive(space(1), [stage()], peak(0)).proposed) == [(0,)]
    assert points(drive(Space((), {}, ()), [stage()], lambda _point: Score(1, 1)).proposed) == [()]
    assert points(drive(space(5, 5, rules=("a + b > 90",)), [stage()], peak(0, 0)).proposed) == []


def test_a_huge_space_costs_nothing() -> None:
    """A space of 10^18 points is searched at once."""
    proposed = drive(
        space(*[1000] * 6), [stage(200, population_size=20)], peak(*[500] * 6)
    ).proposed
    assert len(set(points(proposed))) == 200


def test_no_generation_barrier() -> None:
    """After the random ones every ask is answered with a child at once, never with `WAIT`."""
    proposed = drive(space(90, 90), [stage(300)], peak(50, 50), lookahead=48).proposed
    assert {command.attempt for command in proposed} == {0}
    assert set(origins(proposed)[:125]) == {"random"}
    assert origins(proposed)[125:].count("child") == 175


def test_random_points_where_nothing_is_told_yet() -> None:
    """With a lookahead beyond the population workers are kept busy all the same."""
    proposed = drive(
        space(90, 90), [stage(60, population_size=4)], peak(50, 50), lookahead=48
    ).proposed
    assert {command.attempt for command in proposed} == {0}
    assert set(origins(proposed)[:49]) == {"random"}
    assert set(origins(proposed)[50:]) == {"child"}


def test_its_own_ends() -> None:
    """73 generations of 15 children; fewer where `trials` caps it."""
    options = {"population_size": 10, "early_stopping_generations": 0}
    assert len(drive(space(90, 90), [stage(**options)], peak(50, 50)).proposed) == 10 + 73 * 15
    assert len(drive(space(90, 90), [stage(40, **options)], peak(50, 50)).proposed) == 40
    short = {"population_size": 10, "n_generations": 2, "batch_size": 7}
    assert len(drive(space(90, 90), [stage(**short)], peak(50, 50)).proposed) == 24


@pytest.mark.parametrize(("delta", "count"), [(0.5, 10 + 30), (0.05, 300)])
def test_small_gains_add_up(delta: float, count: int) -> None:
    """A rise by 0.02 every few children is a gain where 0.05 is enough, none if 0.5 is."""
    seen: list[Point] = []

    def score(point: Point) -> Score:
        seen.append(point)
        return Score(0.02 * (len(seen) // 5), 0.02 * (len(seen) // 5))

    options = {
        "population_size": 10,
        "batch_size": 5,
        "early_stopping_generations": 6,
        "early_stopping_min_delta": delta,
    }
    proposed = drive(space(90, 90), [stage(300, **options)], score, lookahead=1).proposed
    assert len(proposed) == count


def test_seeded_from_an_earlier_stage() -> None:
    """Its best join the population, untold again; random ones fill the rest of it."""
    first = StageRule("first", "first", partial(create, GeneticOptions()), 50)
    seeded = stage(60, seed_from=("first",), population_size=20, n_seeds=10)
    proposed = drive(space(90, 90), [first, seeded], peak(50, 50)).proposed
    assert origins(proposed[50:60]) == ["random"] * 10
    assert set(origins(proposed[60:])) == {"child"}
    assert len(set(points(proposed))) == 110
    best = sorted(points(proposed[:50]), key=lambda p: (p[0] - 50) ** 2 + (p[1] - 50) ** 2)[:10]
    levels = [{point[axis] for point in best} for axis in (0, 1)]
    # Only seeds are told when the first children are bred at this distance: see their levels.
    early = points(proposed[60:64])
    assert any(child[axis] in levels[axis] for child in early for axis in (0, 1))


def test_failed_seeds_do_not_join() -> None:
    """Then all of the population is random."""
    first = StageRule("first", "first", partial(create, GeneticOptions()), 50)
    rules = [first, stage(40, seed_from=("first",), population_size=20)]
    proposed = drive(space(90, 90), rules, lambda _point: Score(failure="timeout")).proposed
    assert origins(proposed[50:70]) == ["random"] * 20


def test_restarts_instead_of_collapse() -> None:
    """Once all are about the same point random ones come again, the best stays; or not, if told."""
    options = {**ENDLESS, "population_size": 20, "final_population_size": 8}
    for restart in (True, False):
        rules = [stage(400, **options, restart=restart)]
        later = origins(drive(space(60, 60, 60), rules, peak(30, 30, 30), lookahead=1).proposed)[
            20:
        ]
        assert ("random" in later) == restart
        if restart:
            start = later.index("random")
            assert later[start : start + 7] == ["random"] * 7
            assert later[start + 7] == "child"


def test_climbs_where_all_violate_at_first() -> None:
    """By the size of violation it finds the 15 feasible points of 160,000; random draws do not."""

    def score(point: Point) -> Score:
        return Score(1.0, 1.0, max(0.0, sum(point) - 2.0))

    corner = space(20, 20, 20, 20)
    for seed in range(5):
        tried = points(drive(corner, [stage(400)], score, seed=seed).proposed)
        assert any(sum(point) <= 2 for point in tried)
        drawn = [point for point, _ in zip(corner.sample(seed), range(400), strict=False)]
        assert all(sum(point) > 2 for point in drawn)


def ask(search: GeneticSearch, history: ToldHistory, number: int) -> object:
    """Ask for trial `number`."""
    return search.ask(AskContext(number, 0, 7, history))


@pytest.mark.parametrize(
    ("options", "lengths", "reason"),
    [
        ({}, (2, 2), "no point left"),
        ({"n_generations": 2}, (90, 90), "2 generations"),
        ({"early_stopping_generations": 2}, (90, 90), "no gain in 30 children"),
    ],
)
def test_says_why_it_ended(options: dict[str, int], lengths: tuple[int, ...], reason: str) -> None:
    """And stays done when it is asked again."""
    wide = space(*lengths)
    nothing = ToldHistory(wide)
    given_options = GeneticOptions(population_size=10, **options)
    search = create(given_options, StageStart(wide, 7, None, 1, nothing))
    number = 1
    while isinstance(answer := ask(search, nothing, number), Proposal):
        trial = Trial(number, "ga", answer.point, answer.origin, Score(1, 1))
        search.tell(trial, TellContext(number, 7, nothing))
        number += 1
    assert answer is ask(search, nothing, number) is DONE
    assert search.reason == reason


FRESH = """
import sys
import leanopt_ga_deap
print("deap" in sys.modules)
import leanopt_ga_deap._impl
print("deap" in sys.modules, "numpy" in sys.modules, "moocore" in sys.modules)
"""


def test_heavy_libraries_only_where_needed() -> None:
    """Listing plugins imports no DEAP, and using this one no NumPy."""
    ended = subprocess.run(
        [sys.executable, "-c", FRESH], capture_output=True, text=True, check=True
    )
    assert ended.stdout.split() == ["False", "True", "False", "False"]


def test_registers_lightly() -> None:
    """The hook names the method and where its code is."""
    (spec,) = leanopt_ga_deap.leanopt_stages()
    assert (spec.name, spec.factory) == ("ga_deap", "leanopt_ga_deap._impl:create")
