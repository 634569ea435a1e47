"""Batches from one fitted model: the same after a resume, apart, and bounded by the schedule."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from leanopt_surrogate import LEISURE, SurrogateOptions
from leanopt_surrogate._archive import Archive
from leanopt_surrogate._batch import spread_best
from leanopt_surrogate._grid import Grid
from leanopt_surrogate._impl import Surrogate, create
from leanopt_surrogate._models import Models
from leanopt_surrogate._schedule import BATCH_MOST, EVERY, LEAST, MOST, Schedule
from leanopt_surrogate._seen import SEEN, Seen
from numpy.random import default_rng

from leanopt_core.search.history import ToldHistory
from leanopt_core.stage import AskContext, StageStart
from leanopt_core.testing import drive
from leanopt_core.trial import Proposal, Score, Trial

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from leanopt_core.search.commands import StageRule
    from leanopt_core.space import Point, Space

    MakeStage = Callable[..., StageRule]
    MakeSpace = Callable[..., Space]

RATES = st.one_of(st.none(), st.floats(1e-3, 1e5))
LOOKAHEAD = 5


def worth(point: Point) -> Score:
    """Return the score of a hill, none for a third of the points."""
    value = -float(sum((level - 3) ** 2 for level in point))
    return Score(failure="timeout") if sum(point) % 3 == 0 else Score(value, value)


@pytest.mark.alike(1)
@pytest.mark.parametrize("lookahead", [1, 7, 48])
def test_a_resumed_search_continues_as_it_would_have(
    stage: MakeStage, space: MakeSpace, lookahead: int
) -> None:
    """Wherever it was killed, in the first points, at a batch's start or inside one."""
    tried, stages = space(12, 9, 4, choices=(2,)), [stage(90, asks_per_second=130)]
    whole = drive(tried, stages, worth, lookahead=lookahead).proposed
    for cut in (5, 24, 58, 60, 61, 66, 71):
        again = drive(tried, stages, worth, lookahead=lookahead, stored=whole[:cut], order=cut)
        assert again.proposed == whole


@pytest.mark.alike(1)
@pytest.mark.parametrize("lookahead", [1, 7])
def test_batches_end_where_candidates_do(
    stage: MakeStage, space: MakeSpace, lookahead: int
) -> None:
    """Where few points are feasible, the models go on after any point, and after a resume."""
    tried = space(9, 9, 9, 9, rules=("a + b + c == d",))
    stages = [stage(90, asks_per_second=1e9)]
    whole = drive(tried, stages, worth, lookahead=lookahead).proposed
    origins = [one.proposal.origin for one in whole]
    first = next(at for at, origin in enumerate(origins) if origin not in ("spread", "left"))
    assert sum(origin != "left" for origin in origins[first:]) > len(origins[first:]) / 2
    for cut in range(first, 90, 9):
        again = drive(tried, stages, worth, lookahead=lookahead, stored=whole[:cut], order=cut)
        assert again.proposed == whole


@pytest.mark.long
def test_a_neighbourhood_with_little_left_is_left(stage: MakeStage, space: MakeSpace) -> None:
    """A batch that it cannot fill is chosen from everywhere, not filled with any points."""

    def hill(point: Point) -> Score:
        return Score(value := -float(sum((level - 3) ** 2 for level in point)), value)

    told = drive(space(6, 6, 6, 6), [stage(500)], hill, lookahead=128).proposed
    origins = [one.proposal.origin for one in told]
    assert "left" not in origins[origins.index("process") :]
    assert "process near" in origins


def histories(tried: Space, count: int) -> Iterator[ToldHistory]:
    """Yield a history after each of so many told trials."""
    history = ToldHistory(tried)
    for number, point in zip(range(1, count + 1), tried.sample(3), strict=False):
        history.add(Trial(number, "s", point, "", worth(point)), tried.grid_index(point))
        yield history


@pytest.mark.parametrize("told", [900, 923, 1000, 1023])
def test_models_are_the_same_whenever_they_are_made(space: MakeSpace, told: int) -> None:
    """From 1,000 trials on forests are smaller: none of before is kept, as a resume has none."""
    tried = space(30, 30, 30)
    archive = Archive(Grid(tried))
    kept = Models(archive, 5, Schedule())
    for number, history in enumerate(histories(tried, told), 1):
        if number in (900, told):
            archive.read(history.since(0))
            grown = kept.forest("forest")
    again = Models(archive, 5, Schedule()).forest("forest")
    assert grown.trees == again.trees
    assert np.array_equal(grown.cut, again.cut)


def test_models_propose_at_any_rate(stage: MakeStage, space: MakeSpace) -> None:
    """A batch is never longer than there are candidates."""
    told = drive(space(30, 30, 30), [stage(800, asks_per_second=1e9)], worth)
    assert "left" not in {one.proposal.origin for one in told.proposed}


def test_a_rate_that_asks_keep_up_with_anyway_changes_nothing(
    stage: MakeStage, space: MakeSpace
) -> None:
    """Nobody gets cruder models by asking for less than there is."""
    leisure, low = (
        drive(space(12, 9, 4), [stage(40, asks_per_second=rate)], worth).proposed
        for rate in (None, LEISURE)
    )
    assert low == leisure


class Driven:
    """A search of which some points are refused, as those of another program could be."""

    def __init__(self, space: Space) -> None:
        self.space = space
        self.history = ToldHistory(space)
        start = StageStart(space, 3, None, LOOKAHEAD, self.history.since(0))
        self.stage: Surrogate = create(SurrogateOptions(initial=8, asks_per_second=60), start)
        self.made: list[tuple[int, Proposal]] = []

    def context(self, attempt: int) -> AskContext:
        """Return the context of the next ask, when all but the outstanding trials are told."""
        number = len(self.made) + 1
        if number > LOOKAHEAD:
            _, proposal = self.made[number - 1 - LOOKAHEAD]
            grid_index, score = self.space.grid_index(proposal.point), worth(proposal.point)
            if not self.history.knows(grid_index):
                trial = Trial(number - LOOKAHEAD, "s", proposal.point, "", score)
                self.history.add(trial, grid_index)
        return AskContext(number, attempt, 3, self.history.since(0))

    def ask(self, refusals: int) -> None:
        """Ask for a trial; so many points are refused."""
        for attempt in range(refusals + 1):
            proposal = self.stage.ask(self.context(attempt))
            assert isinstance(proposal, Proposal)
            if attempt < refusals:
                self.stage.refused(proposal.point)
        self.made.append((refusals, proposal))

    def adopt(self, attempt: int, proposal: Proposal) -> None:
        """Give a stored trial back."""
        self.stage.adopt(self.context(attempt), proposal)
        self.made.append((attempt, proposal))


@pytest.mark.long
@settings(max_examples=5, deadline=None)
@given(seed=st.integers(0, 10**6), cut=st.integers(0, 45), few=st.booleans())
def test_refused_points_change_nothing_for_a_resumed_search(
    space: MakeSpace, seed: int, cut: int, *, few: bool
) -> None:
    """A refused point takes its place in the batch, in the first run and after a resume."""
    tried, random = space(12, 9, 7, rules=("a + b == c + 4",) * few), Random(seed)
    refusals = [random.choice((0, 0, 0, 1, 3, 8)) for _ in range(46)]
    whole, again = Driven(tried), Driven(tried)
    for count in refusals:
        whole.ask(count)
    for stored in whole.made[:cut]:
        again.adopt(*stored)
    for count in refusals[cut:]:
        again.ask(count)
    assert again.made == whole.made


@given(told=st.integers(8, 10**6), rate=RATES, share=st.integers(2, 64))
def test_models_are_fitted_to_most_of_what_is_told(
    told: int, rate: float | None, share: int
) -> None:
    """Never to less than half, never to more, and to no fewer than before."""
    schedule = Schedule(rate)
    fitted = schedule.fitted(told, share)
    assert told / 2 < fitted <= told
    # Where asks begin to keep up with a rate they have another schedule.
    if schedule.rate(fitted) == schedule.rate(told + 1):
        assert schedule.fitted(told + 1, share) >= fitted
        # From one fit to the next it takes as long as one is said to last.
        assert schedule.fitted(fitted, share) == fitted


@given(told=st.integers(8, 10**6), rate=RATES, lookahead=st.integers(1, 1000))
def test_faster_asks_do_less(told: int, rate: float | None, lookahead: int) -> None:
    """A batch is as long as the rate needs; without one, a small part of the lookahead."""
    size = Schedule(rate, lookahead).batch(told)
    if Schedule(rate).rate(told):
        assert size >= min(max(rate or 0, LEAST) / 10, BATCH_MOST)
    else:
        assert size == min(max(1, lookahead // 16), 8)
    assert Schedule(rate, 2 * lookahead).batch(told) >= size
    assert Schedule(None if rate is None else 2 * rate, lookahead).batch(told) >= size


@given(seed=st.integers(0, 10**6), count=st.integers(1, 40))
def test_a_batch_is_good_and_apart(seed: int, count: int) -> None:
    """The best comes first; none comes twice; of two as good, the one further off is next."""
    random = default_rng(seed)
    merit, x = random.normal(size=30), random.random((30, 3))
    chosen = spread_best(merit, x, count, random)
    assert len(set(chosen)) == len(chosen) == min(count, 30)
    assert merit[chosen[0]] == merit.max()
    line = np.array([[0.0], [0.02], [0.6]])
    assert spread_best(np.array([1.0, 0.9, 0.8]), line, 2, random) == [0, 2]


def test_models_see_a_bounded_part_of_many_trials(space: MakeSpace) -> None:
    """The best trials, the latest, and others; the same however the trials were read."""
    tried = space(30, 30, 30)
    archives = Archive(Grid(tried)), Archive(Grid(tried))
    for number, history in enumerate(histories(tried, MOST + 2 * EVERY + 7), 1):
        if number % 50 == 0:
            archives[0].read(history.since(0))
    parts = []
    for archive in archives:
        archive.read(history.since(0))
        parts.append(Seen(archive, 5).now())
    part, whole = parts[0], archives[0]
    assert len(part) == SEEN + 7
    assert part.told == len(whole)
    assert part.levels.tolist() == parts[1].levels.tolist()
    assert part.objective[part.feasible].max() == whole.objective[whole.feasible].max()
    assert part.levels[-7:].tolist() == whole.levels[-7:].tolist()
    assert part.idle() == whole.idle()


@given(st.integers(1, 100_000), st.floats(1, 1000), st.floats(1, 1000), st.integers(1, 500))
def test_it_says_that_a_higher_rate_makes_asks_cheaper(
    trials: int, one: float, two: float, lookahead: int
) -> None:
    """And that the rate is kept, which `leanopt plan` tells the user to set."""
    low, high = (
        SurrogateOptions(asks_per_second=rate).ask_seconds(trials, lookahead)
        for rate in sorted((one, two))
    )
    assert high <= low <= SurrogateOptions().ask_seconds(trials, lookahead)
    assert high <= 1 / max(one, two)
