"""What tests of the store share: opening one, beginning a run in it, recording trials."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from hashlib import sha256
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest
from attrs import frozen

from leanopt_core.statistics import Statistics
from leanopt_core.store.records import StoredRun
from leanopt_core.store.runs import NewSearch, NewStage
from leanopt_core.store.store import Store, open_store
from leanopt_core.store.writer import Writer
from leanopt_core.trial import Score
from leanopt_core.work import Outcome, Scenario

NOW = 1_700_000_000


@frozen
class Recorder:
    """Writes trials of one search of a run, each with a backtest under every scenario."""

    run: StoredRun
    writer: Writer
    search: int = 0
    outputs: frozenset[str] = frozenset()

    @property
    def search_id(self) -> int:
        """Return the search's id."""
        return self.run.searches[self.search].id

    def propose(self, number: int, **more: Any) -> None:
        """Propose a trial."""
        given = {
            "grid_index": number * 7,
            "parameters": f'{{"fast":{number},"stop":"0.015"}}',
            "origin": "sample",
            "attempt": 0,
            "told_before": 0,
            **more,
        }
        stage_id = self.run.searches[self.search].stages[0].id
        self.writer.propose(self.search_id, stage_id, number, **given)

    def backtest(self, key: str, outcome: Outcome | None = None, **more: Any) -> int:
        """Record a backtest and return its id."""
        outcome = outcome or Outcome(Statistics({"Sharpe Ratio": 1.5}))
        given = {"outputs": self.outputs, "attempts": 1, "seconds": 0.25, "worker": 1, **more}
        scenario_id = self.run.searches[self.search].scenarios[0].id
        return self.writer.record(key, scenario_id, outcome, **given)[0]

    def told(self, number: int, outcome: Outcome | None = None, score: Score | None = None) -> int:
        """Propose, backtest and tell one trial; return the backtest's id."""
        self.propose(number)
        found = self.backtest(key_of(f"{self.search_id}-{number}"), outcome)
        self.writer.evaluate(self.search_id, number, 0, found)
        self.writer.tell(self.search_id, number, score or Score(float(number), float(number)))
        return found


def key_of(text: str) -> str:
    """Return a content key for a text."""
    return sha256(text.encode()).hexdigest()


@pytest.fixture
def key() -> Callable[[str], str]:
    """Return a content key for a text."""
    return key_of


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the test's store is."""
    return tmp_path / ".leanopt" / "leanopt.db"


@pytest.fixture
def store(path: Path) -> Iterator[Store]:
    """An open store whose clock stands still."""
    with open_store(path, clock=lambda: NOW) as opened:
        yield opened


@pytest.fixture(scope="session")
def lasting_store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """One store for all examples of a property; each begins a run of its own."""
    with open_store(tmp_path_factory.mktemp("store") / "leanopt.db") as opened:
        yield opened


Begin = Callable[..., Recorder]


@pytest.fixture(scope="session")
def begin() -> Begin:
    """Begin a run, with one stage a search: `begin(store, scenarios=..., directions=...)`."""

    def begun(
        store: Store,
        pipeline: str = "trend",
        *,
        scenarios: Sequence[str] = ("default",),
        directions: Sequence[str] = ("max",),
        plan_hash: str = "plan",
        outputs: Sequence[str] = ("returns",),
        needs: Sequence[str] = (),
    ) -> Recorder:
        searches = [
            NewSearch(
                number,
                f"search {number}",
                number,
                direction,
                [Scenario(name) for name in scenarios],
                [NewStage("lhs", "lhs", "leanopt-lhs", "0.1.0", 100)],
            )
            for number, direction in enumerate(directions, 1)
        ]
        run = store.runs.start(
            pipeline,
            strategy="trend",
            plan_hash=plan_hash,
            plan={"seed": 7},
            execution={"workers": 2},
            searches=searches,
        )
        writer = store.writer(run, needs=frozenset(needs))
        return Recorder(run, writer, outputs=frozenset({*outputs, *needs}))

    return begun


@pytest.fixture
def look(path: Path) -> Callable[..., list[Any]]:
    """Query the file with a connection of its own, as any SQLite tool would."""

    def looked(sql: str, *values: object) -> list[Any]:
        connection = sqlite3.connect(path)
        try:
            return connection.execute(sql, values).fetchall()
        finally:
            connection.close()

    return looked


@pytest.fixture
def process() -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Start a Python program on a store in a process of its own; those left are killed."""
    started: list[subprocess.Popen[str]] = []

    def start(path: Path, program: str) -> subprocess.Popen[str]:
        child = subprocess.Popen(
            [sys.executable, "-c", _PRELUDE + dedent(program), str(path)],
            stdout=subprocess.PIPE,
            text=True,
        )
        started.append(child)
        return child

    yield start
    for child in started:
        child.kill()
        child.wait()
        child.stdout.close()


_PRELUDE = """
import sys
from pathlib import Path
from hashlib import sha256
from leanopt_core.store.store import open_store
from leanopt_core.store.runs import NewSearch, NewStage
from leanopt_core.statistics import Statistics
from leanopt_core.trial import Score
from leanopt_core.work import Outcome, Scenario

def begin(store):
    stage = NewStage("lhs", "lhs", "leanopt-lhs", "0.1.0")
    return store.runs.start(
        "trend", strategy="trend", plan_hash="plan", plan={}, execution={},
        searches=[NewSearch(1, "one", 1, "max", [Scenario()], [stage])],
    )

def tell(run, writer, number, key):
    search = run.searches[0]
    writer.propose(search.id, search.stages[0].id, number, grid_index=number, parameters="{}",
                   origin="", attempt=0, told_before=0)
    found = writer.record(key, search.scenarios[0].id, Outcome(Statistics({"Drawdown": 0.1})),
                          outputs=frozenset(), attempts=1, seconds=0.1, worker=1)[0]
    writer.evaluate(search.id, number, 0, found)
    writer.tell(search.id, number, Score(1.0 * number, 1.0 * number))
    return found

"""
