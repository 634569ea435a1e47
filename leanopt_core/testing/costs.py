"""What a method's asks cost: CPU time of this thread, over the last proposals of a search."""

from __future__ import annotations

import math
from collections import deque
from statistics import median
from time import thread_time
from typing import Any, Final, cast

from attrs import evolve, frozen

from leanopt_core.space import Axis, Point, Space
from leanopt_core.stage import AskContext, Stage, StageStart, TellContext
from leanopt_core.testing import outcomes
from leanopt_core.testing.searching import Searching
from leanopt_core.trial import Proposal, Signal, Trial

#: The cost is that of so many last proposals.
WINDOW: Final = 50
#: The power of growth is known to within this much: caches, and other work on the machine.
DOUBT: Final = 0.5
#: Milliseconds below which costs are taken as equal.
NOISE: Final = 0.2


@frozen
class Cost:
    """The median cost of a proposal in a search, after so many `trials`.

    The cost of a proposal is the method's time since the one before: asks, tells and refusals.
    """

    trials: int
    milliseconds: float

    @classmethod
    def measured(cls, searching: Searching, trials: int) -> Cost:
        """Return the cost after so many trials, or at the end of a search that ends sooner."""
        timed: list[_Timed] = []

        def watched(start: StageStart) -> Stage:
            timed.append(_Timed(searching.build(start)))
            return cast("Stage", timed[0])

        space = large()
        search = evolve(searching, build=watched, trials=trials)(space, judge=outcomes.hilly(space))
        return cls(len(search.points), 1000 * median(timed[0].costs or (0.0,)))

    def power_since(self, earlier: Cost) -> float:
        """Return the power of the number of trials with which the cost has grown."""
        if self.trials <= earlier.trials:
            return 0.0
        now, before = max(self.milliseconds, NOISE), max(earlier.milliseconds, NOISE)
        return math.log(now / before) / math.log(self.trials / earlier.trials)

    def __str__(self) -> str:
        return f"{self.milliseconds:.3f} ms of CPU time an ask after {self.trials} trials"


def large() -> Space:
    """Return a space of seven axes and ten million points."""
    return Space(tuple(Axis.integers(name, 1, 10) for name in "abcdefg"), {}, ())


class _Timed:
    """Passes calls on, and records the cost of the last proposals in seconds."""

    def __init__(self, method: Stage) -> None:
        self._method = method
        self._spent = 0.0
        self.costs: deque[float] = deque(maxlen=WINDOW)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._method, name)

    def ask(self, context: AskContext) -> Proposal | Signal:
        began = thread_time()
        answer = self._method.ask(context)
        self._spent += thread_time() - began
        if isinstance(answer, Proposal):
            self.costs.append(self._spent)
            self._spent = 0.0
        return answer

    def tell(self, trial: Trial, context: TellContext) -> None:
        began = thread_time()
        self._method.tell(trial, context)
        self._spent += thread_time() - began

    def refused(self, point: Point) -> None:
        began = thread_time()
        self._method.refused(point)
        self._spent += thread_time() - began
