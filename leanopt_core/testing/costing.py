"""What a method's asks cost, in a search that backtests nothing."""

from __future__ import annotations

from collections import deque
from statistics import fmean
from time import perf_counter

from leanopt_core.space import Axis, Point, Space
from leanopt_core.stage import AskContext, Stage, StageStart
from leanopt_core.testing import outcomes
from leanopt_core.testing.driving import Build, drive, rule
from leanopt_core.trial import Proposal, Signal, Trial

#: Over so many of the last proposals the mean is taken.
WINDOW = 50


def large() -> Space:
    """Return a space of seven axes and ten million points."""
    return Space(tuple(Axis.integers(name, 1, 10) for name in "abcdefg"), {}, ())


def cost(build: Build, trials: int) -> tuple[int, float]:
    """Return how many trials there were, and the last ones' mean cost in milliseconds.

    The cost of a proposal is what the method spent since the one before: asks, tells, refusals.
    """
    space = large()
    timed: list[_Timed] = []

    def watched(start: StageStart) -> Stage:
        timed.append(_Timed(build(start)))
        return timed[0]

    search = drive(space, [rule(watched, trials)], judge=outcomes.hilly(space))
    return len(search.points), 1000 * fmean(timed[0].costs or (0.0,))


class _Timed:
    """Passes calls on, and remembers what the last proposals cost in seconds."""

    def __init__(self, method: Stage) -> None:
        self._method = method
        self._spent = 0.0
        self.costs: deque[float] = deque(maxlen=WINDOW)

    def ask(self, context: AskContext) -> Proposal | Signal:
        began = perf_counter()
        answer = self._method.ask(context)
        self._spent += perf_counter() - began
        if isinstance(answer, Proposal):
            self.costs.append(self._spent)
            self._spent = 0.0
        return answer

    def tell(self, trial: Trial) -> None:
        began = perf_counter()
        self._method.tell(trial)
        self._spent += perf_counter() - began

    def refused(self, point: Point) -> None:
        began = perf_counter()
        self._method.refused(point)
        self._spent += perf_counter() - began
