"""The search method `optuna` in searches: no repeats, what samplers are told, what they gain."""

from __future__ import annotations

import subprocess
import sys
from functools import partial
from statistics import median
from typing import TYPE_CHECKING

import leanopt_optuna
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from leanopt_optuna import OptunaOptions
from leanopt_optuna._draws import TpeDraws
from leanopt_optuna._free import LOOKS, FreePoints
from leanopt_optuna._study import GridStudy
from optuna.trial import TrialState

from leanopt_core.search.commands import StageRule
from leanopt_core.search.history import ToldHistory
from leanopt_core.stage import StageStart
from leanopt_core.testing import drive
from leanopt_core.trial import Score, Violation

pytestmark = pytest.mark.long  # `make test` runs a few of them

if TYPE_CHECKING:
    from collections.abc import Callable

    from leanopt_core.space import Point

QUICK = ("cmaes", "nsgaii", "qmc", "random")


def peak(*top: int) -> Callable[[Point], Score]:
    """Return a landscape with one hill."""

    def score(point: Point) -> Score:
        height = -float(sum((a - b) ** 2 for a, b in zip(point, top, strict=True)))
        return Score(height, height)

    return score


def best(search, landscape) -> float:
    """Return the best objective that a search met."""
    return max(landscape(point).objective for point in search.points)


@pytest.mark.slow
@pytest.mark.long
@pytest.mark.parametrize("sampler", QUICK)
def test_three_thousand_of_five_thousand(space, stage, sampler: str) -> None:
    """No repeat is proposed, none refused; the machine raises at what is infeasible."""
    wide = space(10, 10, 10, 5, rules=("a + b < 18", "c != 5 or d > 1"))
    search = drive(wide, [stage(3000, sampler=sampler)], judge=peak(3, 3, 3, 3))
    assert len(set(search.points)) == len(search.proposed) == 3000
    assert {command.attempt for command in search.proposed} == {0}


@pytest.mark.slow
@pytest.mark.long
def test_tpe_never_repeats(space, stage) -> None:
    """Which plain TPE does most of the time once it has converged; fewer trials, it is slow."""
    wide = space(10, 10, 10, 5)
    search = drive(wide, [stage(600, sampler="tpe")], judge=peak(3, 3, 3, 3))
    assert len(set(search.points)) == len(search.proposed) == 600
    origins = {command.proposal.origin for command in search.proposed}
    assert {"tpe", "tpe: nearest"} <= origins
    assert {command.attempt for command in search.proposed} == {0}


@pytest.mark.alike(2)
@pytest.mark.parametrize("sampler", ["tpe", *QUICK])
@settings(max_examples=8, deadline=None)
@given(
    st.lists(st.integers(1, 5), min_size=1, max_size=3),
    st.sampled_from([(), ("a > 1",), ("a == 0",)]),
    st.sampled_from([1, 16, 48]),
    st.integers(0, 10**6),
)
@pytest.mark.smoke
def test_exhausts_a_small_space(
    space, stage, sampler: str, lengths, rules, lookahead: int, seed: int
) -> None:
    """Every feasible point comes exactly once, then it is done."""
    small = space(*lengths, rules=rules, choices=2)
    rule = [stage(None, sampler=sampler)]
    search = drive(small, rule, judge=peak(*lengths, 0), lookahead=lookahead, seed=seed)
    assert sorted(search.points) == sorted(small.sample(1))
    assert search.reasons == ["done"]


@pytest.mark.parametrize("sampler", ["tpe", "cmaes", "nsgaii"])
def test_learns(space, stage, sampler: str) -> None:
    """The median of five searches is a quarter nearer the top than that of random points."""
    wide, landscape = space(40, 40, 40, 40), peak(29, 8, 15, 22)
    options = {"population_size": 20} if sampler == "nsgaii" else {}
    one, other = (
        median(
            best(drive(wide, [rule], judge=landscape, seed=seed, lookahead=8), landscape)
            for seed in range(5)
        )
        for rule in (stage(120, sampler=sampler, **options), stage(120, sampler="random"))
    )
    assert one > 0.75 * other


@pytest.mark.parametrize("sampler", ["tpe", "cmaes", "nsgaii"])
def test_climbs_out_of_violations(space, stage, sampler: str) -> None:
    """Where at first nothing has a fitness, the sizes of violations lead to where something has.

    One point in 2,500 is feasible: 150 random ones would find one in six searches of a hundred.
    """
    wide = space(50, 50, 50)
    options = {"population_size": 20} if sampler == "nsgaii" else {}

    def judge(point: Point) -> Score:
        away = float(sum(abs(level - 40) for level in point))
        if away > 3:
            return Score(violation=away, violations=(Violation("Total Orders >= 30", away),))
        return Score(1.0, 1.0)

    found = 0
    for seed in range(3):
        rule = stage(150, sampler=sampler, **options)
        search = drive(wide, [rule], judge=judge, seed=seed, lookahead=4)
        nearest = min(sum(abs(level - 40) for level in point) for point in search.points)
        found += nearest <= 6
    assert found >= 2


@pytest.mark.parametrize("sampler", ["tpe", "cmaes", "nsgaii"])
def test_takes_up_earlier_trials(space, stage, sampler: str) -> None:
    """Of 60 trials near the top its own first ones stay near, which without them they do not."""
    wide, landscape = space(200, 200, 200), peak(150, 40, 100)
    near = [(150 + a, 40 + b, 100 + c) for a in (-9, 0, 9) for b in (-9, 0, 9) for c in range(7)]
    earlier = StageRule("near", "near", lambda _start: Listed(near[:60]), 60)
    options = {"population_size": 20} if sampler == "nsgaii" else {}

    def mean_distance(*seed_from: str) -> float:
        rule = stage(20, sampler=sampler, seed_from=seed_from, **options)
        own = drive(wide, [earlier, rule], judge=landscape, lookahead=8).of(1)
        return sum((-landscape(point).objective) ** 0.5 for point in own) / len(own)

    assert mean_distance("near") < mean_distance() / 2


class Listed:
    """Proposes given points in turn."""

    def __init__(self, points) -> None:
        self._points = iter(points)

    def ask(self, _context):
        """Return the next."""
        from leanopt_core.trial import Proposal

        return Proposal(next(self._points))

    def tell(self, trial, context) -> None:
        """Learn nothing."""

    def refused(self, point) -> None:
        """Learn nothing."""


def test_what_optuna_is_told(space) -> None:
    """Running while outstanding; complete with its violation; failed where nothing is known."""
    wide = space(9, 9)
    start = StageStart(wide, 1, None, 16, ToldHistory(wide).since(0))
    study = GridStudy(OptunaOptions(), start)
    trials = [study.open() for _ in range(5)]
    for level, trial in enumerate(trials):
        study.place(trial, (level, 8))
    study.tell(trials[0], Score(-2.0, -2.0))
    study.tell(trials[1], Score(3.0, 3.0, 0.5))
    study.tell(trials[2], Score(violation=0.25))
    study.tell(trials[3], Score())
    told = study._study.trials
    assert [trial.params for trial in told] == [{"a": level, "b": 8} for level in range(5)]
    complete, fail, running = TrialState.COMPLETE, TrialState.FAIL, TrialState.RUNNING
    assert [trial.state for trial in told] == [complete, complete, complete, fail, running]
    assert [trial.value for trial in told[:3]] == [-2.0, 3.0, -2.0]
    assert [trial.constraints for trial in told[:3]] == [
        {"results": 0.0},
        {"results": 0.5},
        {"results": 0.25},
    ]


def test_a_pruned_trial_is_below_the_best_complete_one(space) -> None:
    """Its score of a part of the scenarios can be too good; a violated one stays as it is.

    Before any complete one nothing says how good it is: it counts as failed.
    """
    wide = space(9, 9)
    start = StageStart(wide, 1, None, 16, ToldHistory(wide).since(0))
    study = GridStudy(OptunaOptions(), start)
    for level, (objective, violation, pruned_at) in enumerate(
        [(9.0, 0.0, 0), (2.0, 0.0, None), (9.0, 0.0, 0), (1.5, 0.0, 0), (9.0, 0.5, 0)]
    ):
        trial = study.open()
        study.place(trial, (level, 8))
        study.tell(trial, Score(objective, objective, violation, pruned_at=pruned_at))
    early, best, decoy, below, violated = (trial.value for trial in study._study.trials)
    assert (early, study._study.trials[0].state) == (None, TrialState.FAIL)
    assert (best, below, violated) == (2.0, 1.5, 9.0)
    assert 1.5 < decoy < 2.0
    assert study._study.best_trial.number == 1


@pytest.mark.alike(1)
@pytest.mark.smoke
@pytest.mark.parametrize("lookahead", [1, 12])
@pytest.mark.parametrize("few", [{}, {"n_startup_trials": 3, "n_ei_candidates": 5}])
def test_a_replay_of_tpe_takes_no_samples(
    space, stage, monkeypatch: pytest.MonkeyPatch, few: dict[str, int], lookahead: int
) -> None:
    """But random ones at the start and the first of the model; it continues as if it had."""
    wide = space(9, 8, 7, rules=("a + b < 14",), choices=3)
    taken = []
    sample = GridStudy.sample

    def counting(self: GridStudy, trial: object) -> Point:
        taken.append(trial)
        return sample(self, trial)

    monkeypatch.setattr(GridStudy, "sample", counting)
    search = partial(drive, wide, [stage(60, sampler="tpe", **few)], judge=peak(3, 3, 3, 1))
    whole = search(lookahead=lookahead).proposed
    assert len(taken) == 60
    random = lookahead + few.get("n_startup_trials", 10) - 1
    for stored in (random + 9, 60):
        taken.clear()
        again = search(lookahead=lookahead, stored=whole[:stored], order=2).proposed
        assert again == whole
        assert len(taken) == random + 1 + 60 - stored


def test_a_tpe_that_draws_otherwise_is_sampled(space, stage, monkeypatch) -> None:
    """As another version of Optuna may: the first sample shows it, and nothing is passed over."""
    whole = drive(space(9, 8, 7), [stage(40)], judge=peak(3, 3, 3)).proposed
    of = TpeDraws.of

    def otherwise(options, sampler, parameters: int) -> TpeDraws | None:
        return of(options, sampler, parameters + 1)

    monkeypatch.setattr(TpeDraws, "of", otherwise)
    again = drive(space(9, 8, 7), [stage(40)], judge=peak(3, 3, 3), stored=whole[:30]).proposed
    assert again == whole


@given(st.integers(0, 10**6), st.data())
@settings(deadline=None)
def test_the_nearest_free_point_is_the_nearest(space, seed: int, data: st.DataObject) -> None:
    """By brute force over the whole space, in steps of levels and changes of choice."""
    from random import Random

    small = space(6, 5, rules=("a != 2",), choices=3)
    everything = list(small.sample(0))
    taken = data.draw(st.sets(st.sampled_from(everything), max_size=len(everything) - 1))
    point = data.draw(st.tuples(st.integers(0, 5), st.integers(0, 4), st.integers(0, 2)))
    free = FreePoints(small, seed, taken)

    def steps(other: Point) -> int:
        return abs(point[0] - other[0]) + abs(point[1] - other[1]) + (point[2] != other[2])

    nearest = free.nearest(point, Random(seed))
    left = [one for one in everything if one not in taken and one != point]
    if not left:
        assert nearest is None
    else:
        assert nearest in left
        assert steps(nearest) == min(map(steps, left))


def test_the_search_for_a_free_point_is_bounded(space) -> None:
    """Far from anything free it gives up, and a random point stands in."""
    from random import Random

    vast = space(1000, 1000, 1000, 1000, rules=("a > 500",))
    looked = []

    class Counting(FreePoints):
        def has(self, point: Point) -> bool:
            looked.append(point)
            return super().has(point)

    free = Counting(vast, 1, ())
    assert free.nearest((0, 0, 0, 0), Random(1)) is None
    assert len(looked) < LOOKS
    assert vast.feasible(free.any())


LISTED = """
import sys
from leanopt_core.plugins import Kind, discover
spec = discover().find(Kind.STAGE, "optuna").spec
print(spec.name, *(module in sys.modules for module in ("numpy", "optuna", "scipy", "cmaes")))
"""


def test_registers_lightly() -> None:
    """Listing plugins loads neither Optuna nor NumPy."""
    ended = subprocess.run(
        [sys.executable, "-c", LISTED], capture_output=True, text=True, check=True
    )
    assert ended.stdout.split() == ["optuna", *["False"] * 4]
    (spec,) = leanopt_optuna.leanopt_stages()
    assert (spec.name, spec.factory) == ("optuna", "leanopt_optuna._impl:create")
