"""Drives a state machine with results that come in any order, and writes down what it said."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from decimal import Decimal
from random import Random

from leanopt_core.search.commands import (
    Budget,
    Propose,
    Recorded,
    SearchCommand,
    StageRule,
    Stop,
    Tell,
    Withdraw,
)
from leanopt_core.search.machine import SearchMachine
from leanopt_core.space import Axis, Point, Space
from leanopt_core.stage import AskContext, StageStart, TellContext
from leanopt_core.statistics import Statistics
from leanopt_core.trial import DONE, WAIT, Proposal, Score, Signal, Trial
from leanopt_core.work import Category, Failure


def grid(width: int = 9, height: int = 7) -> Space:
    """Return a space of two axes without constraints."""
    return Space((Axis.integers("x", 1, width, 1), Axis.integers("y", 1, height, 1)))


def decimals() -> Space:
    """Return a space with a float axis, for its exact values."""
    return Space((Axis.decimals("x", Decimal("0.1"), Decimal("0.5"), Decimal("0.1")),))


def score_of(space: Space, point: Point) -> Score:
    """Return a deterministic score with all kinds of outcome in it."""
    rank = space.grid_index(point)
    if rank % 11 == 0:
        return Score(reasons=("it failed",), failure="strategy error")
    value = float(rank * 37 % 101)
    return Score(value, value, violation=0.5 if rank % 7 == 0 else 0.0)


def results_of(score: Score) -> tuple[dict[str, Statistics | None], dict[str, Failure]]:
    """Return statistics and failures by scenario that fit a score."""
    if score.failure is not None:
        return {"only": None}, {"only": Failure(Category(score.failure), "it failed")}
    return {"only": Statistics({"Net Profit": score.fitness})}, {}


class Scripted:
    """A method that answers from a list: a rank, `WAIT` or `DONE`; and watches its contract."""

    def __init__(self, start: StageStart, script: list[int | Signal]) -> None:
        self.start = start
        self.script = iter(script)
        self.told: list[int] = []
        self.heard: list[tuple[Trial, TellContext]] = []
        self.refusals: list[Point] = []
        self.asks: list[tuple[int, int, int]] = []

    def ask(self, context: AskContext) -> Proposal | Signal:
        """Answer the next thing."""
        self.asks.append((context.number, context.attempt, len(self.told)))
        answer = next(self.script, DONE)
        if isinstance(answer, Signal):
            return answer
        return Proposal(self.start.space.point_at(answer % self.start.space.grid_size), "script")

    def tell(self, trial: Trial, context: TellContext) -> None:
        """Remember the number, and what came with it."""
        self.told.append(trial.number)
        self.heard.append((trial, context))

    def refused(self, point: Point) -> None:
        """Remember the point."""
        self.refusals.append(point)


class Driver:
    """Feeds a machine finished trials in an order drawn from `seed`; collects all commands."""

    def __init__(
        self,
        space: Space,
        stages: list[StageRule],
        *,
        lookahead: int,
        seed: int = 0,
        target: float | None = None,
        recorded: Callable[[int], Recorded | None] = lambda _number: None,
        stop_after: int | None = None,
        judge: Callable[[Space, Point], Score] = score_of,
        budget: Budget | None = None,
        stop_when_failing: int = 0,
        stop: Stop = Stop("enough"),  # noqa: B008 - a value
    ) -> None:
        self.space = space
        self.judge = judge
        self.points: dict[int, Point] = {}
        self.commands: list[SearchCommand] = []
        self.order = Random(seed)
        self.stop_after, self.stop = stop_after, stop
        self.machine = SearchMachine(
            space,
            stages,
            seed=7,
            lookahead=lookahead,
            target=target,
            budget=budget,
            stop_when_failing=stop_when_failing,
        )
        self.recorded = recorded
        self.machine.recall(recorded(1))

    def run(self) -> list[SearchCommand]:
        """Drive to the end and return every command."""
        waiting: list[int] = []
        self._take(self.machine.advance(), waiting)
        while not self.machine.ended:
            number = waiting.pop(self.order.randrange(len(waiting)))
            score = self.judge(self.space, self.points[number])
            self.machine.finished(number, score, *results_of(score))
            self._take(self.machine.advance(), waiting)
        return self.commands

    def _take(self, commands: Iterator[SearchCommand], waiting: list[int]) -> None:
        for command in commands:
            self.commands.append(command)
            if isinstance(command, Propose):
                self.machine.recall(self.recorded(command.number + 1))
                self.points[command.number] = command.proposal.point
                waiting.append(command.number)
            elif isinstance(command, Withdraw):
                waiting[:] = [number for number in waiting if number not in command.numbers]
            elif isinstance(command, Tell) and command.trial.number == self.stop_after:
                self.machine.stop(self.stop)


def scripted(script: list[int | Signal], made: list[Scripted], **rule: object) -> StageRule:
    """Return a rule whose method answers from `script` and is appended to `made`."""

    def build(start: StageStart) -> Scripted:
        made.append(Scripted(start, script))
        return made[-1]

    options = {"name": "one", "label": "stage 'one' (demo 1.0)", **rule}
    return StageRule(build=build, **options)  # type: ignore[arg-type]


__all__ = [
    "DONE",
    "WAIT",
    "Driver",
    "Scripted",
    "decimals",
    "grid",
    "results_of",
    "score_of",
    "scripted",
]
