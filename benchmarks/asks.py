"""What an ask of `surrogate` costs: processor time by told trials and by `asks_per_second`.

Seven parameters, 679,140 points, a third of them without a fitness, lookahead 16. Points at random
are told first, then the method proposes for a while before the asks that count. The import of its
libraries, half a second once a process, is not counted.
"""

from __future__ import annotations

from functools import partial
from itertools import islice
from statistics import mean
from time import process_time
from typing import TYPE_CHECKING

from common import options, report, said

from leanopt_core.plugins import Kind, discover
from leanopt_core.search.commands import Propose, StageRule
from leanopt_core.search.machine import SearchMachine
from leanopt_core.space import Axis, Space
from leanopt_core.trial import Score

if TYPE_CHECKING:
    from collections.abc import Iterator

    from leanopt_core.space import Point

LENGTHS = (14, 11, 9, 7, 7, 5, 2)
LOOKAHEAD = 16
#: Points below have no fitness.
ENOUGH = 0.55
TOLD = (100, 500, 1_000, 5_000, 20_000)
RATES = (None, 100, 200, 1000)
#: Asks before those that count, at most; asks that count.
BEFORE, ASKS = 512, 256


def score(point: Point) -> Score:
    """Return a score with interactions and ties; a third of the points have none."""
    u = [level / (length - 1) for level, length in zip(point, LENGTHS, strict=True)]
    if u[0] + 0.8 * u[1] < ENOUGH:
        return Score(reasons=("too few trades",))
    value = round(u[0] * u[2] - (u[1] - 0.4) ** 2 - abs(u[3] - u[4]) + 0.2 * u[5] * u[6], 2)
    return Score(value, value)


def asks(told: int, rate: float | None, count: int) -> list[float]:
    """Return the milliseconds of each of `count` asks, the first of them when `told` are told."""
    before = min(told // 2, BEFORE)
    machine = SearchMachine(
        Space([Axis.integers(f"p{place}", 1, length) for place, length in enumerate(LENGTHS)]),
        [
            rule("random", told - before),
            rule("surrogate", before + LOOKAHEAD + count, asks_per_second=rate),
        ],
        seed=1,
        lookahead=LOOKAHEAD,
    )
    return list(islice(times(machine), told + LOOKAHEAD, None))


def rule(use: str, trials: int, **chosen: object) -> StageRule:
    """Return a stage of the method `use` with these options."""
    registered = discover().entries[Kind.STAGE, use]
    build = partial(registered.load(), registered.spec.options(**chosen))
    return StageRule(use, use, build, trials)


def times(machine: SearchMachine) -> Iterator[float]:
    """Yield the milliseconds until each proposal; its own are a few microseconds."""
    while not machine.ended:
        start = process_time()
        for command in machine.advance():
            if isinstance(command, Propose):
                yield 1000 * (process_time() - start)
                machine.finished(command.number, score(command.proposal.point))
                start = process_time()


def main() -> None:
    """Measure and print."""
    parser = options(__doc__)
    parser.add_argument("--most", type=int, default=TOLD[-1], help="told trials, at most")
    chosen = parser.parse_args()
    count = ASKS // 8 if chosen.quick else ASKS
    asks(TOLD[0], RATES[-1], 1)
    figures = dict[str, float | None]()
    for told in TOLD:
        for rate in RATES:
            found = asks(told, rate, count) if told <= chosen.most else None
            name = f"{told}_at_{rate or 'none'}"
            figures[f"mean_ms_{name}"] = mean(found) if found else None
            figures[f"longest_ms_{name}"] = max(found) if found else None
            if found:
                said(f"  {name}: mean {mean(found):.2f} ms, longest {max(found):.0f} ms")
    report("asks", figures, as_json=chosen.json)


if __name__ == "__main__":
    main()
