"""Report what an ask costs, in milliseconds of CPU time: python tests/ask_cost.py [trials]."""

from __future__ import annotations

import sys
from time import perf_counter, process_time
from typing import TYPE_CHECKING

from leanopt_surrogate import SurrogateOptions

from leanopt_core.search.commands import Propose, StageRule
from leanopt_core.search.machine import SearchMachine
from leanopt_core.space import Axis, Space
from leanopt_core.trial import Score

if TYPE_CHECKING:
    from leanopt_core.space import Point
    from leanopt_core.stage import AskContext, Stage, StageStart

LENGTHS = (14, 11, 9, 7, 7, 5, 2)
LOOKAHEAD = 16
WINDOW = 50


class Timed:
    """Times the asks of a method."""

    def __init__(self, method: Stage, times: list[float]) -> None:
        self._method = method
        self._times = times
        self.tell, self.refused = method.tell, method.refused

    def ask(self, context: AskContext) -> object:
        """Ask and note the time."""
        start = process_time()
        answer = self._method.ask(context)
        self._times.append(1000 * (process_time() - start))
        return answer


def score(point: Point) -> Score:
    """Return a score with interactions and ties; a third of the points have none."""
    u = [level / (length - 1) for level, length in zip(point, LENGTHS, strict=True)]
    if u[0] + 0.8 * u[1] < 0.55:
        return Score(reasons=("too few trades",))
    value = round(u[0] * u[2] - (u[1] - 0.4) ** 2 - abs(u[3] - u[4]) + 0.2 * u[5] * u[6], 2)
    return Score(value, value)


def main(trials: int) -> None:
    """Search, and report the asks by windows."""
    begun = perf_counter()
    from leanopt_surrogate._impl import create

    sys.stdout.write(f"imports {perf_counter() - begun:.2f} s (elapsed)\n")
    times: list[float] = []

    def build(start: StageStart) -> Timed:
        return Timed(create(SurrogateOptions(), start), times)

    machine = SearchMachine(
        Space([Axis.integers(f"p{place}", 1, length) for place, length in enumerate(LENGTHS)]),
        [StageRule("surrogate", "surrogate", build, trials)],  # type: ignore[arg-type]
        seed=1,
        lookahead=LOOKAHEAD,
    )
    while not machine.ended:
        for command in machine.advance():
            if isinstance(command, Propose):
                machine.finished(command.number, score(command.proposal.point))
    for end in range(150, trials + 1, 450):
        window = times[end - WINDOW : end]
        sys.stdout.write(
            f"asks {end - WINDOW}-{end}: mean {sum(window) / WINDOW:.1f} ms, "
            f"longest {max(window):.0f} ms\n"
        )


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 600)
