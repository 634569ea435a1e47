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
def outcomes(tmp_path: Path) -> Callable[[CommandEngine, int], list[Outcome]]:
    """Return the outcomes of some backtests, one after the other in one real worker."""

    def run(engine: CommandEngine, count: int) -> list[Outcome]:
        executor = ProcessExecutor(ProcessOptions(), tmp_path)
        build = engine.prepare(executor.run_command, executor.runtime(), PrepareContext(("x",)))
        backtest, found = Backtest("key", {"x": 3}, Scenario()), []
        with Pool[int](executor, build.launch, workers=1) as pool:
            for ticket in range(count):
                pool.submit(ticket, engine.request(backtest, frozenset(), Hello()))
                (finished,) = pool.wait()
                assert finished.answer is not None
                found.append(engine.read(finished.answer, backtest, frozenset()))
        return found

    return run


@pytest.fixture
def outcome(outcomes) -> Callable[[CommandEngine], Outcome]:
    """Return the outcome of one backtest."""

    def run(engine: CommandEngine) -> Outcome:
        (found,) = outcomes(engine, 1)
        return found

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


@pytest.mark.parametrize("folder", [False, True])
def test_another_program_is_another_build(program: Path, tmp_path: Path, *, folder: bool) -> None:
    """Its content is in the plan and in the content key; what Python compiles is not."""
    engine = Simulator(program.parent if folder else program)
    executor = ProcessExecutor(ProcessOptions(), tmp_path.parent / "elsewhere")

    def build() -> tuple[str, str]:
        made = engine.prepare(executor.run_command, {"python": sys.version}, PrepareContext())
        return made.source, made.identity

    first = build()
    (tmp_path / "__pycache__").mkdir()
    (tmp_path / "__pycache__" / "simulate.pyc").touch()
    assert build() == first
    program.write_text(PROGRAM + "# edited\n")
    source, identity = build()
    assert source != first[0]
    assert identity != first[1]


def test_a_path_beyond_ascii(tmp_path: Path, outcome) -> None:
    """The worker gets it whole."""
    program = tmp_path / "modèle.py"
    program.write_text(PROGRAM)

    class Inside(Simulator):
        def command(self, backtest: Backtest) -> Sequence[str]:
            return ["{python}", "{build}/modèle.py", str(backtest.parameters["x"])]

    assert outcome(Inside(tmp_path)).statistics is not None


def test_no_backtest_finds_files_of_another(tmp_path: Path, outcomes) -> None:
    """Each has a folder of its own."""
    program = tmp_path / "leaves.py"
    program.write_text("import os\nprint('{\"Left\": %d}' % len(os.listdir()))\nopen('a', 'w')\n")
    left = [one.statistics.get("Left") for one in outcomes(Simulator(program), 2)]
    assert left == [0, 0]


def test_no_program(tmp_path: Path) -> None:
    """The message names the file."""
    engine = Simulator(tmp_path / "absent.py")
    with pytest.raises(StrategyError, match=r"there is no program .*absent\.py"):
        engine.prepare(None, {}, PrepareContext())  # type: ignore[arg-type]  # nothing is run
