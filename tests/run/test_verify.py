"""`leanopt verify`: the best trials again on another harness of the engine."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.projects import lay

HARNESS = Path(__file__).with_name("twin_harness.py")

PLUGIN = """
import json
from pathlib import Path
from typing import Literal

from attrs import field, frozen

from leanopt_core.api import hookimpl
from leanopt_core.engines.base import Build
from leanopt_core.engines.inline import read_inline
from leanopt_core.specs import EngineSpec
from leanopt_core.work import Launch, Mount, Request


@frozen
class Options:
    harness: Literal[
        "warm", "cold", "odd", "hidden", "broken", "ruin", "held", "random", "first"
    ] = "warm"


class Twin:
    data = data_files = None

    def __init__(self, options, project):
        self.options, self.project = options, project

    def prepare(self, once, place, brief):
        source = (self.project / "source").read_text()
        command = ("{python}", "{harness}", self.options.harness, str(self.project))
        launch = Launch(command, (Mount("harness", Path("HARNESS")),))
        libraries = len([*self.project.glob("library*")])
        identity = f"{source}-{self.options.harness}-{libraries}"
        return Build("twin", source, identity, launch)

    def request(self, backtest, outputs, hello):
        return Request(json.dumps({"x": int(backtest.parameters["x"])}))

    def read(self, answer, backtest, outputs):
        return read_inline(answer.payload)

    def fingerprint(self, answer):
        return answer.payload.get("mark")


def create(options, project):
    return Twin(options, project)


LEANOPT_API_VERSION = 2


@hookimpl
def leanopt_engines():
    return [EngineSpec("twin", "twin:create", Options, "Has several harnesses")]
"""

PIPELINE = """
name = "twin"
seed = 1

[strategy]
engine = "twin"

[parameters]
x = { min = 1, max = 12, step = 1 }

[fitness]
use = "statistic"
statistic = "Net Profit"
direction = "max"

[executor]
workers = 1

[search]
curves = "none"

[[stage]]
use = "grid"
"""

Leanopt = Callable[..., "subprocess.CompletedProcess[str]"]
Verify = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def twin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project on the twin engine; its best trials are 7, 6 and 8, the values of x."""
    site, folder = tmp_path / "site", tmp_path / "project"
    info = site / "twin-1.0.dist-info"
    info.mkdir(parents=True)
    folder.mkdir()
    (site / "twin.py").write_text(PLUGIN.replace("HARNESS", str(HARNESS)))
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: twin\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[leanopt]\ntwin = twin\n")
    (folder / "pipeline.toml").write_text(PIPELINE)
    (folder / "source").write_text("first")
    monkeypatch.setenv("PYTHONPATH", str(site))
    return folder


@pytest.fixture
def verify(twin: Path, leanopt: Leanopt) -> Verify:
    """Run the pipeline, forget what its harness was asked, and verify its best three."""

    def command(
        against: str | None,
        *more: str,
        runs: tuple[str, ...] = (),
        change: str = "",
        trials: tuple[str, ...] = ("--best", "3"),
    ) -> subprocess.CompletedProcess[str]:
        leanopt(twin, "run", "pipeline.toml", *runs, check="strategy.harness=ruin" not in runs)
        (twin / "log").unlink()
        if change:
            (twin / change).write_text("2")
        other = () if against is None else ("--against", against)
        return leanopt(twin, "verify", "tw", *trials, *other, *more, check=False)

    return command


def test_equal_backtests(verify: Verify, twin: Path, leanopt: Leanopt, shown) -> None:
    """Both harnesses run, the store knows nothing of it."""
    done = verify("cold")
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [
        "trial  scenario  result  fingerprint",
        "    7  default   equal   mark-7",
        "    6  default   equal   mark-6",
        "    8  default   equal   mark-8",
        "3 backtests of run twin-1: all equal on harness 'cold'",
    ]
    asked = [f"{kind} {x}" for kind in ("cold", "warm") for x in (7, 6, 8)]
    assert (twin / "log").read_text().splitlines() == asked
    assert shown(twin)["backtests"]["run"] == 12
    assert len(json.loads(leanopt(twin, "runs", "--json").stdout)["runs"]) == 1
    leanopt(twin, "run", "pipeline.toml", "--again", "--set", "strategy.harness=cold")
    assert shown(twin)["backtests"]["run"] == 12


def test_another_statistic_differs(verify: Verify) -> None:
    """It is named with both values."""
    done = verify("odd")
    assert done.returncode == 9
    assert "leanopt: run twin-1 differs on harness 'odd': 1 of 3 backtests" in done.stderr
    head, first, second, *_ = (line.split() for line in done.stdout.splitlines())
    assert head[4:] == ["statistic", "stored", "odd"]
    assert first == ["7", "default", "differs", "mark-7", "Total", "Orders", "5.0", "6.0"]
    assert second == ["6", "default", "equal", "mark-6"]


@pytest.mark.long
def test_another_fingerprint_differs(verify: Verify) -> None:
    """Though every statistic is equal."""
    done = verify("hidden", "--json")
    assert done.returncode == 9
    said = json.loads(done.stdout)
    assert (said["equal"], said["harness"], said["against"]) == (False, "warm", "hidden")
    first, second, _ = said["backtests"]
    assert first == {
        "search": 1,
        "trial": 7,
        "scenario": "default",
        "result": "differs",
        "cause": "repeatable",
        "differences": [],
        "failure": None,
        "fingerprints": {"run": "mark-7", "against": "hidden-7"},
    }
    assert second["result"] == "equal"


@pytest.mark.long
def test_a_backtest_that_fails_differs(verify: Verify) -> None:
    """With its category and message."""
    done = verify("broken")
    assert done.returncode == 9
    assert done.stdout.splitlines()[1].split() == ["7", "default", "failed", "-"]
    assert "trial 7, scenario default: strategy error: no bars for x = 7" in done.stdout


def test_the_own_harness_runs_once(verify: Verify, twin: Path) -> None:
    """Whether the run can be repeated is all that is asked then."""
    done = verify("warm")
    assert done.returncode == 0, done.stderr
    assert (twin / "log").read_text().splitlines() == ["warm 7", "warm 6", "warm 8"]


def test_on_the_harness_that_made_them(verify: Verify, twin: Path, shown) -> None:
    """By default: each runs once, its stored fingerprint is compared, the store knows nothing."""
    done = verify(None)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [
        "trial  scenario  result  fingerprint",
        "    7  default   equal   mark-7",
        "    6  default   equal   mark-6",
        "    8  default   equal   mark-8",
        "3 backtests of run twin-1: all equal on fresh workers",
    ]
    assert (twin / "log").read_text().splitlines() == ["warm 7", "warm 6", "warm 8"]
    assert shown(twin)["backtests"]["run"] == 12


@pytest.mark.long
def test_all_trials_or_a_sample(verify: Verify, leanopt: Leanopt, twin: Path) -> None:
    """A sample has as many different ones; only one way to choose is taken."""
    done = verify(None, trials=("--all",))
    assert [int(line.split()[0]) for line in done.stdout.splitlines()[1:-1]] == [*range(1, 13)]
    done = leanopt(twin, "verify", "tw", "--sample", "5")
    drawn = [int(line.split()[0]) for line in done.stdout.splitlines()[1:-1]]
    assert len(set(drawn)) == 5
    assert drawn == sorted(drawn)
    assert "5 backtests of run twin-1: all equal" in done.stdout
    assert leanopt(twin, "verify", "tw", "--sample", "99").stdout.splitlines()[-1].startswith("12 ")
    both = leanopt(twin, "verify", "tw", "--sample", "5", "--all", check=False)
    assert both.returncode == 2
    assert "--best, --sample and --all choose the trials; give one of them" in both.stderr


def test_a_strategy_that_is_not_deterministic_is_named(verify: Verify, twin: Path) -> None:
    """It differs twice more, each time on a worker of its own."""
    done = verify(None, "--json", runs=("--set", "strategy.harness=random"))
    assert done.returncode == 9
    said = json.loads(done.stdout)
    assert (said["deterministic"], said["equal"]) == (False, False)
    first, *others = said["backtests"]
    assert (first["trial"], first["result"], first["cause"]) == (7, "differs", "not deterministic")
    assert {(one["result"], one["cause"]) for one in others} == {("equal", None)}
    assert "trial 7, scenario default: it differs also from itself" in done.stderr
    assert "1 of 3 backtests; the strategy is not deterministic" in done.stderr
    asked = (twin / "log").read_text().splitlines()
    assert asked == [f"random {x}" for x in (7, 6, 8, 7, 7)]


def test_what_depends_on_earlier_backtests_is_told(verify: Verify) -> None:
    """Fresh workers decide: of 6 they give what was stored, of 7 they do not."""
    few = ("--set", "parameters.x.min=6", "--set", "parameters.x.max=7")
    done = verify(None, "--json", runs=("--set", "strategy.harness=first", *few))
    assert done.returncode == 9
    said = json.loads(done.stdout)
    found = {one["trial"]: one["cause"] for one in said["backtests"]}
    assert found == {2: "repeatable", 1: "depends on earlier backtests"}
    assert said["deterministic"]
    depends, unseen = said["warnings"]
    assert depends.startswith("trial 1, scenario default: a worker that had run nothing gives the")
    assert unseen.startswith("workers that had run nothing repeat the new results")


@pytest.mark.long
def test_a_tolerance_is_relative(verify: Verify, leanopt: Leanopt, twin: Path) -> None:
    """Of 5 and 7 orders, the difference is 2 / 7 of the larger."""
    done = verify(None, "--tolerance", "0.28", change="salt")
    assert done.returncode == 9
    done = leanopt(twin, "verify", "tw", "--best", "3", "--tolerance", "0.29")
    assert [line.split()[2:4] for line in done.stdout.splitlines()[1:-1]] == [
        ["within", "tolerance"]
    ] * 3
    assert "all equal within 0.29 on fresh workers" in done.stdout


def test_failures_that_belong_to_the_backtest_are_repeated(verify: Verify) -> None:
    """With the same category; `--best` leaves failed trials out."""
    done = verify(None, "--json", runs=("--set", "strategy.harness=broken"), trials=("--all",))
    assert done.returncode == 0, done.stderr
    (failed,) = [one for one in json.loads(done.stdout)["backtests"] if one["failure"]]
    assert (failed["trial"], failed["result"]) == (7, "equal")


def test_what_has_changed_is_told(verify: Verify) -> None:
    """Else the other harness would be blamed for it."""
    done = verify("cold", change="salt")
    assert done.returncode == 9
    assert "warning: harness 'warm' itself no longer gives the stored statistics" in done.stderr
    assert "have changed since" not in done.stderr


def test_changed_files_are_told(verify: Verify) -> None:
    """Also where they change no result."""
    done = verify("cold", "--json", change="source")
    assert done.returncode == 0, done.stderr
    warning = "the strategy's files have changed since run twin-1"
    assert f"warning: {warning}" in done.stderr
    assert json.loads(done.stdout)["warnings"] == [warning]


def test_another_environment_is_told(verify: Verify) -> None:
    """On the harness of the run: another one has another environment anyway."""
    done = verify(None, change="library")
    said = "the interpreter, a library, the harness or the runtime has changed since run twin-1"
    assert done.returncode == 0, done.stderr
    assert f"warning: {said}" in done.stderr


@pytest.mark.long
def test_each_scenario_is_compared(verify: Verify, twin: Path) -> None:
    """Of each trial."""
    scenarios = '\n[[scenario]]\nname = "calm"\n\n[[scenario]]\nname = "wild"\n'
    with (twin / "pipeline.toml").open("a") as file:
        file.write(scenarios)
    done = verify("odd", "--json")
    found = [(one["trial"], one["scenario"]) for one in json.loads(done.stdout)["backtests"]]
    assert found == [(x, name) for x in (7, 6, 8) for name in ("calm", "wild")]


def test_a_signal_ends_it_and_its_workers(
    verify: Verify, twin: Path, start, processes_of: Callable[[Path], list[int]]
) -> None:
    """As it ends a run."""
    verify("warm")
    (twin / "log").unlink()
    process = start(twin, "verify", "twin-1", "--against", "held")
    while not (twin / "log").exists():
        assert process.poll() is None, process.communicate()[1]
    process.send_signal(signal.SIGTERM)
    assert process.wait() == 130
    assert processes_of(twin) == []


def test_an_unknown_harness_is_refused(verify: Verify, twin: Path) -> None:
    """With those that there are, before anything runs."""
    done = verify("clod")
    assert done.returncode == 2
    assert "engine 'twin' has no harness 'clod': expected " in done.stderr
    assert '"cold"' in done.stderr
    assert not (twin / "log").exists()


def test_a_run_without_completed_trials_has_nothing_to_compare(verify: Verify) -> None:
    """Failed trials have no statistics."""
    done = verify("warm", runs=("--set", "strategy.harness=ruin"))
    assert done.returncode == 2
    assert "run twin-1 has no backtest to compare: no trial completed" in done.stderr


@pytest.mark.long
def test_an_engine_without_harnesses_is_refused(project: Path, leanopt: Leanopt) -> None:
    """The engine for Python strategies has one."""
    small = ("--set", "stage.0.trials=2", "--set", "stage.1.trials=1")
    leanopt(project, "run", "pipeline.toml", *small)
    done = leanopt(project, "verify", "hill-1", "--against", "warm", check=False)
    assert done.returncode == 2
    assert "engine 'python' has no option 'harness'" in done.stderr


CLOCK = '''
import time

from leanopt_harness import Result, backtest


@backtest
def run(parameters, scenario):
    """Its result or its curve depends on when it runs."""
    now = float(time.time_ns() % 1_000_003)
    noise = now if parameters["x"] == "result" else 0.0
    days = [86400 * day for day in (1, 2, 3)]
    last = now if parameters["x"] == "curve" else 3.0
    return Result({"Net Profit": 1.0 + noise}, times=days, equity=[1.0, 2.0, last])
'''


@pytest.mark.long
def test_a_strategy_that_reads_the_clock_is_found(tmp_path: Path, leanopt: Leanopt) -> None:
    """Where a statistic shows it, and where only the daily returns do."""
    pipeline = PIPELINE.replace('engine = "twin"', 'entry = "strategy.py:run"')
    pipeline = pipeline.replace(
        "x = { min = 1, max = 12, step = 1 }", 'x = { choices = ["none", "result", "curve"] }'
    ).replace('curves = "none"', 'curves = "daily"')
    lay(tmp_path, CLOCK, pipeline)
    leanopt(tmp_path, "run", "pipeline.toml")
    done = leanopt(tmp_path, "verify", "twin-1", "--all", "--json", check=False)
    assert done.returncode == 9, done.stderr
    said = json.loads(done.stdout)
    found = {one["trial"]: one for one in said["backtests"]}
    causes = {number: one["cause"] for number, one in found.items()}
    assert causes == {1: None, 2: "not deterministic", 3: "not deterministic"}
    named = [[one["statistic"] for one in found[number]["differences"]] for number in (1, 2, 3)]
    assert named == [[], ["Net Profit"], ["daily return of 1970-01-04"]]


@pytest.fixture
def quickstart(tmp_path: Path) -> Path:
    """A copy of the quickstart."""
    source = Path(__file__).parents[2] / "examples" / "quickstart"
    left = shutil.ignore_patterns(".leanopt", "__pycache__", "trials-*.jsonl")
    return Path(shutil.copytree(source, tmp_path / "quickstart", ignore=left))


@pytest.mark.long
def test_the_quickstart_repeats(quickstart: Path, leanopt: Leanopt) -> None:
    """A sample of it, statistics and daily returns."""
    few = ("--set", "stage.0.trials=6", "--set", "stage.1.trials=2")
    leanopt(quickstart, "run", "pipeline.toml", *few)
    done = leanopt(quickstart, "verify", "quickstart-1", "--sample", "4")
    assert "4 backtests of run quickstart-1: all equal on fresh workers" in done.stdout


@pytest.mark.long
def test_changed_data_is_named(quickstart: Path, leanopt: Leanopt) -> None:
    """By the scenario that reads it."""
    few = ("--set", "stage.0.trials=4", "--set", "stage.1.trials=1")
    leanopt(quickstart, "run", "pipeline.toml", *few)
    with (quickstart / "data" / "notes.txt").open("a") as file:
        file.write("new")
    done = leanopt(quickstart, "verify", "quickstart-1", "--all")
    said = "warning: the data of scenario default has changed since run quickstart-1"
    assert said in done.stderr
