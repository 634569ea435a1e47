"""Drive stages as a run does: told in trial order, asked a lookahead ahead."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from random import Random

from attrs import define, field

from leanopt_core.search.commands import (
    Propose,
    Recorded,
    SearchCommand,
    StageEnded,
    StageRule,
    Tell,
    Withdraw,
)
from leanopt_core.search.machine import SearchMachine
from leanopt_core.space import Point, Space
from leanopt_core.stage import AskContext, Stage, StageStart, TellContext
from leanopt_core.testing.outcomes import Judge, mixed, results, several
from leanopt_core.trial import DONE, Proposal, Signal, Trial

Build = Callable[[StageStart], Stage]


@define
class Search:
    """The record of a search: proposals and told trials in order, why each stage ended."""

    proposed: list[Propose] = field(factory=list)
    told: list[Trial] = field(factory=list)
    reasons: list[str] = field(factory=list)

    @property
    def points(self) -> list[Point]:
        """Return the proposed points."""
        return [command.proposal.point for command in self.proposed]

    def of(self, stage: int) -> list[Point]:
        """Return the points of one stage, counted from 0."""
        return [command.proposal.point for command in self.proposed if command.index == stage]

    def take(self, command: SearchCommand) -> None:
        """Record a command of the state machine."""
        if isinstance(command, Propose):
            self.proposed.append(command)
        elif isinstance(command, Tell):
            self.told.append(command.trial)
        elif isinstance(command, StageEnded):
            # The method's reason may follow, as in `done: local optimum`.
            self.reasons.append(command.reason.partition(":")[0])


def drive(
    space: Space,
    stages: Sequence[StageRule],
    judge: Judge | None = None,
    *,
    lookahead: int = 16,
    seed: int = 7,
    order: int = 0,
    stored: Sequence[Propose] = (),
    objectives: int = 1,
) -> Search:
    """Run a search until it ends and return its record.

    `order` decides the order in which backtests end. `judge` scores a point, by default with some
    failures and violations. `stored` are proposals of an earlier search of the same stages: they
    are replayed; raises ResumeError if one differs. Methods learn how many `objectives` the scores
    of `judge` have.
    """

    def recorded(number: int) -> Recorded | None:
        if number > len(stored):
            return None
        was = stored[number - 1]
        stage, proposal = stages[was.index], was.proposal
        return Recorded(
            *(stage.name, proposal.point, proposal.origin, was.attempt, was.told),
            version=stage.version,
            because=proposal.because,
        )

    judge = judge or several(mixed(space), space, objectives)
    search = Search()
    machine = SearchMachine(
        space,
        stages,
        seed=seed,
        lookahead=lookahead,
        objectives=objectives,
    )
    shuffle = Random(order)  # noqa: S311 - a repeatable order, nothing secret
    running: list[int] = []
    machine.recall(recorded(1))
    while not machine.ended:
        for command in machine.advance():
            search.take(command)
            if isinstance(command, Propose):
                machine.recall(recorded(command.number + 1))
                running.append(command.number)
            elif isinstance(command, Withdraw):
                running = [number for number in running if number not in command.numbers]
        if running:
            number = running.pop(shuffle.randrange(len(running)))
            score = judge(search.points[number - 1])
            machine.finished(number, score, *results(score))
    return search


def rule(build: Build, trials: int | None, seed_from: tuple[str, ...] = ()) -> StageRule:
    """Return the stage under test, named `tested`."""
    return StageRule("tested", "the stage under test", build, trials, seed_from=seed_from)


def scanned(trials: int, seed: int = 5) -> StageRule:
    """Return a stage `earlier` that proposes feasible points in a random order."""
    return StageRule(
        "earlier", "the stage before", lambda start: Scan(start.space.sample(seed)), trials
    )


class Scan:
    """A method that proposes given points in turn."""

    def __init__(self, points: Iterator[Point]) -> None:
        self._points = points

    def ask(self, context: AskContext) -> Proposal | Signal:  # noqa: ARG002 - the contract's
        """Return the next point, `DONE` after the last."""
        point = next(self._points, None)
        return DONE if point is None else Proposal(point, "scan")

    def tell(self, trial: Trial, context: TellContext) -> None:
        """Do nothing."""

    def refused(self, point: Point) -> None:
        """Do nothing."""
