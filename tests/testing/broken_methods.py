"""A sound method, and others that are it with one fault each; run by `test_broken_methods.py`."""

# Each method is the sound one with other choices.
# ruff: noqa: D102

from __future__ import annotations

import random
import time
from collections.abc import Callable

import pytest

from leanopt_core.stage import AskContext, Stage, StageStart, TellContext
from leanopt_core.testing import StageContract
from leanopt_core.trial import DONE, WAIT, Proposal, Trial


class Sound:
    """Proposes a random new neighbour of the best point, if there is none, any new point."""

    def __init__(self, start: StageStart) -> None:
        self.space = start.space
        self.lookahead = start.lookahead
        self.seen: set[tuple[int, ...]] = set()

    def ask(self, context: AskContext):
        """Propose a point and remember it."""
        self.seen |= {told.point for told in context.history}
        point = self.choose(context)
        if point is None:
            return DONE
        self.seen.add(point)
        return Proposal(point)

    def choose(self, context: AskContext):
        """Return a new point, None if there is none."""
        near = []
        for told in context.history.best(1):
            near = [one for one in self.space.neighbours(told.point) if one not in self.seen]
        return context.random().choice(near) if near else self.anywhere(context)

    def anywhere(self, context: AskContext):
        """Return any new point."""
        return next((p for p in self.space.sample(context.seed) if p not in self.seen), None)

    def tell(self, trial: Trial, context: TellContext) -> None:
        """Learn nothing: all is in the history."""

    def refused(self, point: tuple[int, ...]) -> None:
        """Learn nothing: it is remembered."""


class UsesGlobalRandom(Sound):
    """Draws from the generator that everybody shares."""

    def choose(self, context):
        return self.space.point_at(random.randrange(self.space.grid_size))


class UsesGlobalRandomLate(Sound):
    """Does so only when the core has ceased to watch every call."""

    def choose(self, context):
        if len(self.seen) > 38:
            random.random()
        return super().choose(context)


class LeavesTheGrid(Sound):
    """Steps past the end of an axis."""

    def choose(self, context):
        point = super().choose(context)
        if point and len(self.seen) % 8 == 7:
            return (len(self.space.axes[0]), *point[1:])
        return point


class SearchesInactiveParameters(Sound):
    """Takes any point of the grid that satisfies the constraints."""

    def choose(self, context):
        grid = map(self.space.point_at, range(self.space.grid_size))
        return next((p for p in grid if p not in self.seen and not self.space.violated(p)), None)


class BreaksConstraints(Sound):
    """Draws from the grid without a look at the constraints."""

    def anywhere(self, context):
        ranks = context.random().sample(range(self.space.grid_size), self.space.grid_size)
        return next((p for p in map(self.space.point_at, ranks) if p not in self.seen), None)


class CountsOnTheClock(Sound):
    """Searches differently from one hour to the next."""

    def choose(self, context):
        context = AskContext(
            context.number, context.attempt, int(time.time() // 7200), context.history
        )
        return super().choose(context)


class RemembersOtherSearches(Sound):
    """Keeps what it has learnt where every instance finds it."""

    asked = 0

    def choose(self, context):
        RemembersOtherSearches.asked += 1
        context = AskContext(context.number, self.asked, context.stage_seed, context.history)
        return super().choose(context)


class GoesByTheOrderOfASet(Sound):
    """Takes the first of a set of texts, which is another one in another process."""

    def choose(self, context):
        names = {f"{name}{context.number}" for name in "abcdefghijklmnop"}
        seed = next(iter(names))
        context = AskContext(context.number, ord(seed[0]), context.stage_seed, context.history)
        return super().choose(context)


class RepeatsForEver(Sound):
    """Proposes its favourite again, whatever it is told."""

    def choose(self, context):
        return next(self.space.sample(1), None)


class DiesOnFailures(Sound):
    """Takes for granted that there is a best value."""

    def choose(self, context):
        values = [told.objective for told in context.history]
        if values and max(value for value in values if value is not None) > 1e300:
            return None
        return super().choose(context)


class GoesOnAfterTheLastPoint(Sound):
    """Does not notice that nothing is left."""

    def anywhere(self, context):
        return super().anywhere(context) or next(self.space.sample(context.seed))


class WaitsForEver(Sound):
    """Would rather see one more result, also where none is to come."""

    def ask(self, context):
        answer = super().ask(context)
        return WAIT if answer is DONE else answer


class ForgetsWhatIsReplayed(Sound):
    """Offers to be replayed, and then goes on as if nothing had been."""

    def adopt(self, context, proposal):
        """Learn nothing."""

    def ask(self, context):
        self.asked = getattr(self, "asked", 0) + 1
        return super().ask(AskContext(context.number, self.asked, 1, context.history))


class LearnsByChance(Sound):
    """Draws from the shared generator when it is told."""

    luck = 0.0

    def tell(self, trial, context):
        self.luck = random.random()


class ExplainsWithNaN(Sound):
    """Explains its proposals with what JSON does not have."""

    def ask(self, context):
        answer = super().ask(context)
        return answer if answer is DONE else Proposal(answer.point, "", {"hope": float("nan")})


class RewritesItsReasons(Sound):
    """Keeps one explanation for all proposals, and changes it."""

    def __init__(self, start: StageStart) -> None:
        super().__init__(start)
        self.because = {"number": 0}

    def ask(self, context):
        self.because["number"] = context.number
        answer = super().ask(context)
        return answer if answer is DONE else Proposal(answer.point, "", self.because)


class ChangesValues(Sound):
    """Writes into the values of what it is told."""

    def tell(self, trial, context):
        if trial.score.values:
            trial.score.values["kit"] = 0.0


class ChangesStatistics(Sound):
    """Forgets the statistics of what it is told."""

    def tell(self, trial, context):
        trial.statistics.clear()


class ChangesTheHistory(Sound):
    """Writes into the values of the last trial of the history."""

    def tell(self, trial, context):
        context.history[-1].values["seen"] = 1.0


class StumblesOverFailedSeeds(Sound):
    """Takes for granted that an earlier stage has found something."""

    def __init__(self, start: StageStart) -> None:
        super().__init__(start)
        if start.seeds:
            self.level = -start.seeds.best(1)[0].objective


class _Kit(StageContract):
    method: Callable[[StageStart], Stage]

    @pytest.fixture
    def build(self):
        """The method of this class."""
        return self.method


METHODS = [Sound, *Sound.__subclasses__()]
for each in METHODS:
    name = f"Test{each.__name__}"
    globals()[name] = type(name, (_Kit,), {"method": staticmethod(each), "examples": 5})
