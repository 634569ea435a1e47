"""An engine by command: the program is started for each backtest, and its output read."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from leanopt_core.engines.base import PrepareContext
from leanopt_core.engines.command import CommandEngine
from leanopt_core.errors import StrategyError
from leanopt_core.executors.pool import Pool
from leanopt_core.executors.process import ProcessExecutor
from leanopt_core.harness.events import Hello
from leanopt_core.options import ProcessOptions
from leanopt_core.testing import EngineContract
from leanopt_core.work import Backtest, Category, Outcome, Scenario

PROGRAM = """
import json, os, sys

x, *more = sys.argv[1:]
if "fail" in more:
    sys.exit("x is too small")
print("no JSON" if "mute" in more else json.dumps({"Net Profit": float(x) / 10, "Drawdown": 0.1}))
"""


class Simulator(CommandEngine):
    """Passes x, and what else a test gives."""

    def __init__(self, program: Path, *more: str) -> None:
        super().__init__(program)
        self.more = more

    def command(self, backtest: Backtest) -> Sequence[str]:
        """Return the command line."""
        return ["{python}", "{build}", str(backtest.parameters["x"]), *self.more]


@pytest.fixture
def program(tmp_path: Path) -> Path:
    """The program's file."""
    path = tmp_path / "simulate.py"
    path.write_text(PROGRAM)
    return path


@pytest.fixture
def outcome(tmp_path: Path) -> Callable[[CommandEngine], Outcome]:
    """Return the outcome of one backtest, in a real worker."""

    def run(engine: CommandEngine) -> Outcome:
        executor = ProcessExecutor(ProcessOptions(), tmp_path)
        build = engine.prepare(executor.run_command, executor.runtime(), PrepareContext(("x",)))
        backtest = Backtest("key", {"x": 3}, Scenario())
        with Pool[int](executor, build.launch, workers=1) as pool:
            pool.submit(1, engine.request(backtest, frozenset(), Hello()))
            (finished,) = pool.wait()
        assert finished.answer is not None
        return engine.read(finished.answer, backtest, frozenset())

    return run


class TestSimulator(EngineContract):
    """It keeps the contract of an engine."""

    @pytest.fixture
    def engine(self, program: Path) -> CommandEngine:
        """One that passes a number."""
        return Simulator(program)

    @pytest.fixture
    def strategy_file(self, program: Path) -> Path:
        """The program."""
        return program


def test_its_output_is_the_statistics(program: Path, outcome) -> None:
    """As the program printed them."""
    found = outcome(Simulator(program)).statistics
    assert found is not None
    assert found.net_profit == 0.3


@pytest.mark.parametrize(
    ("argument", "category", "message"),
    [
        ("fail", Category.STRATEGY, "exit code 1: x is too small"),
        ("mute", Category.NO_RESULT, "the program's output cannot be read: Expecting value"),
    ],
)
def test_a_failure_says_what_happened(
    program: Path, outcome, argument: str, category: Category, message: str
) -> None:
    """The end of standard error, or why the output is none."""
    failure = outcome(Simulator(program, argument)).failure
    assert failure is not None
    assert failure.category is category
    assert failure.message.startswith(message)


def test_a_program_that_cannot_be_started(tmp_path: Path, outcome) -> None:
    """It is there, but nobody may execute it."""

    class Direct(CommandEngine):
        def command(self, backtest: Backtest) -> Sequence[str]:
            return ["{build}"]

    (tmp_path / "data.txt").write_text("no program")
    failure = outcome(Direct(tmp_path / "data.txt")).failure
    assert failure is not None
    assert failure.category is Category.STRATEGY
    assert "cannot be started" in failure.message


def test_another_program_is_another_build(program: Path) -> None:
    """Its content is in the plan and in the content key."""
    engine = Simulator(program)

    def build() -> tuple[str, str]:
        made = engine.prepare(None, {"python": sys.version}, PrepareContext())  # type: ignore[arg-type]  # nothing is run
        return made.source, made.identity

    first = build()
    program.write_text(PROGRAM + "# edited\n")
    source, identity = build()
    assert source != first[0]
    assert identity != first[1]


def test_no_program(tmp_path: Path) -> None:
    """The message names the file."""
    engine = Simulator(tmp_path / "absent.py")
    with pytest.raises(StrategyError, match=r"there is no program .*absent\.py"):
        engine.prepare(None, {}, PrepareContext())  # type: ignore[arg-type]  # nothing is run
