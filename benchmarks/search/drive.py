"""Runs one method on one landscape: leanopt's through its engine, peers at the same distance."""

from __future__ import annotations

from collections import deque
from functools import partial
from itertools import islice
from time import thread_time
from typing import TYPE_CHECKING, Final, TypeVar

from attrs import define, field, frozen

from leanopt_core.search.commands import Propose, StageRule, Tell
from leanopt_core.search.machine import SearchMachine
from search.methods import make_peer, stage

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from landscapes import Landscape
    from peers import Peer

    from leanopt_core.space import Point
    from leanopt_core.stage import AskContext, Stage, StageStart, TellContext
    from leanopt_core.trial import Proposal, Score, Signal, Trial
    from search.methods import Method, Part

T = TypeVar("T")

#: Which asks are timed: a method's cost when it knows a lot.
TIMED: Final = slice(549, 600)


@frozen
class Trace:
    """What came of one run: `gains` are the evaluations that found a new best, and its objective.

    `ask_ms` is the CPU time of an ask, its tells included, in the mean over asks 550 to 600;
    `cpu_s` that of the whole run in seconds.
    """

    gains: tuple[tuple[int, float], ...]
    ask_ms: float | None
    cpu_s: float = field(default=0.0, eq=False)


@define
class Clock:
    """CPU seconds that a method took for each point that it proposed."""

    asks: list[float] = field(factory=list)
    _spent: float = 0.0

    def call(self, function: Callable[..., T], *arguments: object) -> T:
        """Call and count the time."""
        start = thread_time()
        try:
            return function(*arguments)
        finally:
            self._spent += thread_time() - start

    def proposed(self) -> None:
        """Put what was spent since the last proposal down to this one."""
        self.asks.append(self._spent)
        self._spent = 0.0

    @property
    def ask_ms(self) -> float | None:
        """Return the mean over the timed asks, None if there were none."""
        timed = self.asks[TIMED]
        return 1000 * sum(timed) / len(timed) if timed else None


@frozen
class TimedStage:
    """A search method whose calls are timed."""

    method: Stage
    clock: Clock

    def ask(self, context: AskContext) -> Proposal | Signal:
        """Ask the method."""
        return self.clock.call(self.method.ask, context)

    def tell(self, trial: Trial, context: TellContext) -> None:
        """Tell the method."""
        self.clock.call(self.method.tell, trial, context)

    def refused(self, point: Point) -> None:
        """Refuse a repeat."""
        self.clock.call(self.method.refused, point)


def run(method: Method, landscape: Landscape, lookahead: int, seed: int, budget: int) -> Trace:
    """Return what a method finds within `budget` evaluations; trial i knows those to i-lookahead.

    A method that ends by itself keeps what it has.
    """
    clock, started = Clock(), thread_time()
    if method.peer:
        peer = make_peer(method.peer, landscape.space, seed)
        scores = _alone(peer, landscape, lookahead, clock)
    else:
        scores = _through_engine(method.parts, landscape, lookahead, seed, clock)
    gains: list[tuple[int, float]] = []
    for number, score in enumerate(islice(scores, budget), start=1):
        value = score.objective if score.feasible else None
        if value is not None and (not gains or value > gains[-1][1]):
            gains.append((number, value))
    return Trace(tuple(gains), clock.ask_ms, thread_time() - started)


def _through_engine(
    parts: tuple[Part, ...], landscape: Landscape, lookahead: int, seed: int, clock: Clock
) -> Iterator[Score]:
    machine = SearchMachine(
        landscape.space,
        [_rule(part, clock) for part in parts],
        seed=seed,
        lookahead=lookahead,
    )
    for command in machine.advance():
        if isinstance(command, Propose):
            clock.proposed()
            machine.finished(command.number, landscape.score(command.proposal.point))
        elif isinstance(command, Tell):
            yield command.trial.score


def _rule(part: Part, clock: Clock) -> StageRule:
    registered = stage(part.use)
    options = registered.spec.options(**part.options)
    build = partial(_timed, partial(registered.load(), options), clock)
    return StageRule(part.use, part.use, build, trials=part.trials, seed_from=part.seed_from)


def _timed(factory: Callable[[StageStart], Stage], clock: Clock, start: StageStart) -> TimedStage:
    return TimedStage(factory(start), clock)


def _alone(peer: Peer, landscape: Landscape, lookahead: int, clock: Clock) -> Iterator[Score]:
    """Drive a peer at the fixed distance; what it repeats is evaluated again."""
    outstanding: deque[Point] = deque()
    more = True
    while more or outstanding:
        while more and len(outstanding) < lookahead:
            point = clock.call(peer.ask)
            if point is None:
                more = False
            else:
                clock.proposed()
                outstanding.append(point)
        if outstanding:
            point = outstanding.popleft()
            score = landscape.score(point)
            clock.call(peer.tell, point, score)
            yield score
