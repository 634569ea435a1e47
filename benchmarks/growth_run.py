"""A search without worker processes, driven in stretches by another process; for `growth`."""

from __future__ import annotations

import os
import resource
import sys
import time
from collections.abc import Sequence
from multiprocessing.connection import Connection
from pathlib import Path

from attrs import frozen
from quiet import Quiet

from leanopt_core.executors.pool import Finished
from leanopt_core.harness.events import Hello
from leanopt_core.needs import Outputs
from leanopt_core.pipeline import load_pipeline
from leanopt_core.plugins import Registry, discover
from leanopt_core.project_files import STORE
from leanopt_core.scoring import Scorer
from leanopt_core.search.artifacts import ArtifactKeeper
from leanopt_core.search.ledger import Ledger
from leanopt_core.search.loop import RunLoop
from leanopt_core.search.notifier import Checks, Notifier
from leanopt_core.search.prepare import build_choice, prepared
from leanopt_core.search.read_types import AlikeCheck, TypeCheck
from leanopt_core.search.resume import begin
from leanopt_core.search.setup import setups
from leanopt_core.search.unread import ReadCheck
from leanopt_core.search.unreported import UnreportedCheck
from leanopt_core.store.store import open_store
from leanopt_core.work import Answer, Request

STRATEGY = '''
from leanopt_harness import Result, backtest

NAMES = ("fast", "slow", "enter", "stop")


@backtest
def run(parameters, scenario):
    """Called only by a command that goes on with the run: else its answers are made up."""
    return Result({"Net Profit": float(sum(parameters[name] for name in NAMES))})
'''

PIPELINE = """
name = "growth"
seed = 7

[strategy]
entry = "strategy.py:run"

[parameters]
fast = { min = 1, max = 1000, step = 1 }
slow = { min = 1, max = 1000, step = 1 }
enter = { min = 0.001, max = 1, step = 0.001 }
stop = { min = 0.01, max = 10, step = 0.01 }

[fitness]
use = "statistic"
statistic = "Net Profit"
direction = "max"

[search]
curves = "none"

[[stage]]
use = "random"
"""


class Answers:
    """Stands in for the pool: every request is answered at once, no two answers alike."""

    hello = Hello(protocol=1)
    slots = 2
    start_seconds = 0.0
    time_limit: float | None = None

    def __init__(self, names: Sequence[str]) -> None:
        self._names = names
        self._finished: list[Finished[int]] = []

    def room(self) -> int:
        """Return how many requests two workers would take."""
        return 2 * self.slots - len(self._finished)

    def idle(self) -> int:
        """Return how many workers have nothing to do."""
        return max(0, self.slots - len(self._finished))

    def age(self, ticket: int) -> float:  # noqa: ARG002 - the pool's face
        """Return how long a worker has had a request."""
        return 0.0

    def submit(self, ticket: int, request: Request) -> None:  # noqa: ARG002 - the pool's face
        """Answer with statistics of four decimals, as LEAN prints them."""
        figures = {
            name: (ticket * (7919 + 31 * index) % 100_003) / 10_000
            for index, name in enumerate(self._names)
        }
        answer = Answer({"status": "complete", "statistics": figures})
        self._finished.append(Finished(ticket, answer, None, 1, 0.001, 1 + ticket % 2))

    def wait(self, timeout: float | None = None) -> list[Finished[int]]:  # noqa: ARG002
        """Return the answers."""
        finished, self._finished = self._finished, []
        return finished

    def poll(self, after: float) -> None:
        """Nobody waits for a request."""

    def wake(self) -> None:
        """Nothing waits."""

    def withdraw(self, ticket: int) -> None:
        """Forget an answer."""
        self._finished = [one for one in self._finished if one.ticket != ticket]


@frozen
class State:
    """How far a run is: its trials, the clock when it came there, its resident memory in MB."""

    trials: int
    seconds: float
    rss_mb: float


class Halting(Quiet):
    """Halts the run at a number of trials, until it is told how far to continue."""

    def __init__(self, line: Connection) -> None:
        super().__init__()
        self._line = line
        self._goal = line.recv()

    def tick(self) -> None:
        """Halt where the goal is reached."""
        while self.told_count >= self._goal:
            self._line.send(State(self.told_count, clock(), rss_mb()))
            self._goal = self._line.recv()
            self._line.send(State(self.told_count, clock(), rss_mb()))


def clock() -> float:
    """Return the time in seconds, less what this process waited for a processor that others had.

    Waiting for the disk counts. Away from Linux other programs count too.
    """
    try:
        waited = int(Path("/proc/self/schedstat").read_text().split()[1])
    except FileNotFoundError:
        waited = 0
    return time.perf_counter() - waited / 1e9


def rss_mb() -> float:
    """Return this process's resident memory in MB (10**6 bytes); away from Linux, its peak."""
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[1])
    except FileNotFoundError:
        unit = 1 if sys.platform == "darwin" else 1024
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e6
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def drive(line: Connection, pipeline: Path, names: Sequence[str]) -> None:
    """Run a search in a store beside `pipeline`, in stretches, as the other end of `line` wants."""
    with prepared(load_pipeline(pipeline, discover())) as ready:
        fitness = build_choice("fitness function", ready.pipeline.fitness)
        with open_store(pipeline.parent / STORE) as store:
            run = begin(store, ready, fitness.direction)
            ledger = Ledger(run, store.writer(run), store.reader, Outputs())
            screen = Halting(line)
            space = ready.pipeline.space
            checks = Checks(
                ReadCheck([]), TypeCheck(space), AlikeCheck(space, {}), UnreportedCheck(())
            )
            loop = RunLoop(
                setups(ready, fitness),
                workers=Answers(names),  # type: ignore[arg-type]
                engine=ready.engine,
                ledger=ledger,
                judge=Scorer(fitness, label="fitness"),
                fitness="fitness",
                notifier=Notifier(run.name, Registry(), screen, [], checks),
                keeper=ArtifactKeeper("none", pipeline.parent, run.name),
                outputs=Outputs(),
            )
            try:
                loop.run()
            except EOFError:
                return
