"""An engine by command: the program is started for each backtest, and its output read."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Iterator, Sequence
from importlib.metadata import entry_points
from pathlib import Path

import pytest
from attrs import frozen

from leanopt_core.content import hash_file
from leanopt_core.engines.base import PrepareContext
from leanopt_core.engines.command import CommandEngine
from leanopt_core.errors import PluginError, StrategyError
from leanopt_core.executors.pool import Pool
from leanopt_core.executors.process import ProcessExecutor
from leanopt_core.harness.events import Hello
from leanopt_core.options import ProcessOptions
from leanopt_core.search.guarded_engine import GuardedEngine
from leanopt_core.testing import EngineContract
from leanopt_core.work import LASTING, Backtest, Category, Outcome, Scenario

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
        limits = {"time_limit": 30.0, "memory_limit": 200 * 2**20}
        with Pool[int](executor, build.launch, workers=1, **limits) as pool:
            for ticket in range(count):
                pool.submit(ticket, engine.request(backtest, frozenset(), Hello()))
                (finished,) = pool.wait()
                if finished.answer is None:
                    found.append(Outcome(failure=finished.failure))
                else:
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


@pytest.mark.parametrize("folder", [False, True])
def test_a_program_is_read_in_place(program: Path, tmp_path: Path, folder: bool) -> None:
    """Workers start it again for each backtest, so a change of it must be found during the run."""
    executor = ProcessExecutor(ProcessOptions(), tmp_path)
    engine = Simulator(program.parent if folder else program)
    build = engine.prepare(executor.run_command, executor.runtime(), PrepareContext(("x",)))
    assert build.in_place[program] == hash_file(program)


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


@pytest.mark.alike(1)
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


@pytest.mark.parametrize("command", [("{build}",), ("/nowhere",)])
def test_a_program_that_cannot_be_started(
    tmp_path: Path, outcome, command: tuple[str, ...]
) -> None:
    """Nobody may execute it, or it is not there; both may be repaired without any edit."""

    class Direct(CommandEngine):
        def command(self, backtest: Backtest) -> Sequence[str]:
            return command

    (tmp_path / "data.txt").write_text("no program")
    failure = outcome(Direct(tmp_path / "data.txt")).failure
    assert failure is not None
    assert failure.category is Category.ENGINE
    assert failure.category not in LASTING
    assert "cannot be started" in failure.message


DIES = """
import os, pathlib, sys

marker = pathlib.Path(sys.argv[2])
if not marker.exists():
    if sys.argv[3] == "once":
        marker.touch()
    os.kill(os.getpid(), 9)
print('{"Net Profit": 1}')
"""


@pytest.mark.alike(1)
@pytest.mark.parametrize("how", ["once", "always"])
def test_a_program_that_a_signal_ended(tmp_path: Path, outcome, how: str) -> None:
    """It is tried again, as a worker that died is; what stays is not lasting."""
    program = tmp_path / "dies.py"
    program.write_text(DIES)
    found = outcome(Simulator(program, str(tmp_path / "marker"), how))
    if how == "once":
        assert found.statistics is not None
        return
    assert found.failure is not None
    assert found.failure.category is Category.DIED
    assert found.failure.category not in LASTING
    assert "the program was ended by signal 9" in found.failure.message


# A child inherits the lock, and with it standard output. The next backtest waits for the lock.
LEAVES = """
import fcntl, subprocess, sys

lock = open(sys.argv[2], "w")
fcntl.flock(lock, fcntl.LOCK_EX)
code = "import signal; signal.pause()"
own = "session" in sys.argv
child = [sys.executable, "-c", code]
subprocess.Popen(child, pass_fds=[lock.fileno()], start_new_session=own)
print('{"Net Profit": 1}')
"""


@pytest.mark.alike(1)
@pytest.mark.parametrize(("more", "count"), [((), 2), (("session",), 1)])
def test_what_a_program_leaves_running(
    tmp_path: Path, outcomes, more: tuple[str, ...], count: int
) -> None:
    """It holds up nothing, and ends with its program unless it made a session of its own."""
    program = tmp_path / "leaves.py"
    program.write_text(LEAVES)
    found = outcomes(Simulator(program, str(tmp_path / "lock"), *more), count)
    assert [one.failure for one in found] == [None] * count


def test_a_program_that_prints_without_end(tmp_path: Path, outcome) -> None:
    """No more of it is held than counts."""
    program = tmp_path / "prints.py"
    program.write_text("for _ in range(500): print('x' * 2**20)")
    failure = outcome(Simulator(program)).failure
    assert failure is not None
    assert failure.category is Category.NO_RESULT
    assert failure.message == "the program printed more than 16777216 bytes"


@pytest.mark.alike(1)
@pytest.mark.parametrize(
    ("printed", "message"),
    [
        ('{"Net Profit": NaN}', "statistic 'Net Profit' is nan, expected a finite number"),
        ('{"a": {"b": -Infinity}}', "statistic 'a.b' is -inf, expected a finite number"),
        ('{"Drawdown": 1e999}', "statistic 'Drawdown' is inf, expected a finite number"),
        ('{"Drawdown": true}', "statistic 'Drawdown' is true, expected a number"),
    ],
)
def test_what_is_no_statistic(tmp_path: Path, outcome, printed: str, message: str) -> None:
    """Its backtest has no result, and the message names it."""
    program = tmp_path / "prints.py"
    program.write_text("import sys\nprint(sys.argv[2])")
    failure = outcome(Simulator(program, printed)).failure
    assert failure is not None
    assert failure.category is Category.NO_RESULT
    assert failure.message == f"the program's output cannot be read: {message}"


@pytest.mark.parametrize(
    ("command", "message"),
    [
        ("{python} {build}", "returned '{python} {build}', expected a list of texts"),
        ([], r"returned \[\], expected a list of texts"),
        (None, "returned None, expected a list of texts"),
        (["{python}", 3], "returned .*3.*, expected a list of texts"),
        (["a\udc80"], "argument .* which has a lone surrogate"),
        (["a\0"], "argument .* which has a NUL"),
        (["{python}", "{bild}"], "unknown placeholder {bild}: did you mean '{build}'"),
        (["{data}/x"], "unknown placeholder {data}: choose from: {build}, {python}, "),
    ],
)
def test_what_is_no_command_line(program: Path, command: object, message: str) -> None:
    """It is the engine's fault, before anything runs."""

    class Wrong(CommandEngine):
        def command(self, backtest: Backtest) -> Sequence[str]:
            return command  # type: ignore[return-value]  # that is the test

    engine = GuardedEngine(Wrong(program), "engine 'wrong' of walker 1.0")
    with pytest.raises(PluginError, match=rf"^engine 'wrong' of walker 1\.0, .*{message}"):
        engine.request(Backtest("key", {}, Scenario()), frozenset(), Hello())


def test_braces_that_are_no_placeholder(program: Path) -> None:
    """They are passed on: JSON has them too."""
    request = Simulator(program, '{"x":1}', "{}").request(
        Backtest("key", {"x": 1}, Scenario()), frozenset(), Hello()
    )
    assert request.placeholders == ("{python}", "{build}")


@pytest.mark.alike(1)
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


ENGINE = """
from base import Base

class Engine(Base):
    def command(self, backtest):
        return ["{python}", "{build}", "--y=0"]
"""
BASE = """
from leanopt_core.api import CommandEngine

class Base(CommandEngine):
    pass
"""


@pytest.fixture
def plain(tmp_path: Path) -> Path:
    """A program that is not in Python, so that no distributions have to be listed for it."""
    path = tmp_path / "simulate.sh"
    path.touch()
    return path


@pytest.fixture
def identity(tmp_path: Path, plain: Path, monkeypatch) -> Iterator[Callable[[str], str]]:
    """Return the identity with the engine of a module below `plugin`, imported again."""
    folder, executor = tmp_path / "plugin", ProcessExecutor(ProcessOptions(), tmp_path)
    folder.mkdir()
    monkeypatch.syspath_prepend(folder)
    monkeypatch.setattr(sys, "dont_write_bytecode", True)

    def build(name: str) -> str:
        ours = {one for one in sys.modules if one.partition(".")[0] in ("engine", "base", "walks")}
        for one in ours:
            monkeypatch.delitem(sys.modules, one)
        importlib.invalidate_caches()
        engine = importlib.import_module(name).Engine(plain)
        return engine.prepare(executor.run_command, {}, PrepareContext()).identity

    yield build
    executor.close()


@pytest.mark.parametrize("edited", ["engine.py", "base.py"])
def test_another_engine_is_another_build(tmp_path: Path, identity, edited: str) -> None:
    """An edited engine, or base, finds no result of the one before."""
    folder = tmp_path / "plugin"
    (folder / "engine.py").write_text(ENGINE)
    (folder / "base.py").write_text(BASE)
    first = identity("engine")
    assert identity("engine") == first
    file = folder / edited
    file.write_text(file.read_text().replace("--y=0", "--y=1").replace("pass", "edited = True"))
    assert identity("engine") != first


@pytest.mark.parametrize("edited", ["engine.py", "base.py"])
def test_an_engine_that_was_edited_after_its_import_is_refused(
    tmp_path: Path, plain: Path, identity, edited: str
) -> None:
    """The code that runs is not in the file any more, as in a notebook."""
    folder = tmp_path / "plugin"
    (folder / "engine.py").write_text(ENGINE)
    (folder / "base.py").write_text(BASE)
    identity("engine")
    engine = sys.modules["engine"].Engine(plain)
    file = folder / edited
    file.write_text(f"{file.read_text()}\nedited = True\n")
    told = rf"Engine was edited after this process had loaded it \({file.stem}:{edited}\); start"
    with pytest.raises(StrategyError, match=told):
        engine.prepare(lambda command: None, {}, PrepareContext())


def test_the_engines_package_is_part_of_it(tmp_path: Path, identity, monkeypatch) -> None:
    """So are the modules beside it, and its distribution's version."""
    folder = tmp_path / "plugin" / "walks"
    (folder / "parts").mkdir(parents=True)
    (folder / "__init__.py").touch()
    (folder / "engine.py").write_text(ENGINE.replace("from base", "from .base"))
    (folder / "base.py").write_text(BASE)
    (folder / "parts" / "parse.py").write_text("")
    first = identity("walks.engine")
    (folder / "parts" / "parse.py").write_text("edited = True")
    second = identity("walks.engine")
    assert second != first
    info = tmp_path / "plugin" / "walks-1.0.dist-info"
    info.mkdir()
    (info / "entry_points.txt").write_text("[leanopt]\nwalks = walks\n")
    found = []
    for version in ("1.0", "1.1"):
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: walks\nVersion: {version}\n")
        importlib.invalidate_caches()
        assert "walks" in {point.name for point in entry_points(group="leanopt")}
        found.append(identity("walks.engine"))
    assert len({second, *found}) == 3


@frozen
class Options:
    """An engine's options."""

    y: float = 0.5


def test_other_attributes_are_another_build(plain: Path, tmp_path: Path) -> None:
    """The command line may depend on them."""
    executor = ProcessExecutor(ProcessOptions(), tmp_path)

    def build(**attributes: object) -> str:
        engine = Simulator(plain)
        for name, value in attributes.items():
            setattr(engine, name, value)
        return engine.prepare(executor.run_command, {}, PrepareContext()).identity

    kinds = [
        None,
        1,
        "1",
        0.5,
        float("nan"),
        (1,),
        {"a": 1},
        {1, 2},
        plain,
        Options(),
        Options(1.0),
    ]
    found = [build(), *(build(y=value) for value in kinds)]
    assert len(set(found)) == len(found)
    assert build(y=object()) == build(y=object())


@pytest.mark.long
def test_a_module_beside_the_program(tmp_path: Path, outcome) -> None:
    """One file does not find it, since its content does not count; in a folder it does."""
    program = tmp_path / "program" / "main.py"
    program.parent.mkdir()
    program.write_text(f"import helper\n{PROGRAM}")
    (program.parent / "helper.py").touch()
    failure = outcome(Simulator(program)).failure
    assert failure is not None
    assert "No module named 'helper'" in failure.message

    class Inside(CommandEngine):
        def command(self, backtest: Backtest) -> Sequence[str]:
            return ["{python}", "{build}/main.py", str(backtest.parameters["x"])]

    assert outcome(Inside(program.parent)).statistics is not None


@pytest.mark.long
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
