"""LEAN in containers that die at the worst moments: no trial changes."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from leanopt_core.executors.docker.engine import Engine

TESTS = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(TESTS.parent), str(TESTS / "docker")]
import image as images  # noqa: E402 - found only now

from tests.lean_data import ema_bands  # noqa: E402
from tests.standin import LAUNCHER, contents  # noqa: E402

PIPELINE = """
name = "spy"

[strategy]
engine = "lean"
project = "EmaBands"
data = "data"
launcher = "{launcher}"
harness = "{harness}"

[scenario]
symbol = "SPY"
start = 2003-01-01
end = 2007-12-31
cash = 100_000
resolution = "daily"
pass_as = {{ start = "start", end = "end" }}

[parameters]
fast = 3
slow = 60
{searched}

[fitness]
use = "statistic"
statistic = "Sharpe Ratio"
direction = "max"

[executor]
use = "docker"
image = "{image}"
pull = "never"
workers = 2
{executor}

[[stage]]
use = "grid"
"""
#: In place of `python3`: where a scratch in memory is first asked for, which is when its answer has
#: come and is to be read, all in the container is killed; twice in all.
DYING = b"""#!/usr/local/bin/python3.real -IS
import os, signal, sys

if sys.argv[-1] == "/leanopt/scratch":
    for number in "12":
        try:
            os.close(os.open(f"/deaths/{number}", os.O_CREAT | os.O_EXCL))
        except FileExistsError:
            continue
        os.kill(-1, signal.SIGKILL)
        signal.pause()
os.execv("/usr/local/bin/python3.real", ["python3", *sys.argv[1:]])
"""
REAL = "/usr/local/bin/python3.real"


@pytest.fixture
def lean(folder: Path) -> Callable[..., Path]:
    """Make a project of the strategy whose landscape is recorded."""

    def made(
        name: str, image: str, searched: str, executor: str = "", harness: str = "launcher"
    ) -> Path:
        project = folder / name
        ema_bands(project)
        (project / "pipeline.toml").write_text(
            PIPELINE.format(
                launcher=LAUNCHER,
                harness=harness,
                image=image,
                searched=searched,
                executor=executor,
            )
        )
        return project

    return made


def _backtests(leanopt, project: Path) -> list[dict[str, object]]:
    lines = leanopt(project, "export", "--to", "jsonl").stdout.splitlines()
    trials = [one for one in map(json.loads, lines) if "parameters" in one]
    return [backtest for one in trials for backtest in one["backtests"].values()]


def test_a_container_that_dies_before_its_answer_is_read_changes_no_trial(
    lean, leanopt, canonical, containers, engine: Engine
) -> None:
    """Its files are gone with it, where they are in memory: a fresh one does it again."""
    searched = "entry = { choices = [0, 2, 4, 6] }"
    quiet = lean("quiet", images.image(engine.client, contents()), searched)
    leanopt(quiet, "run", "pipeline.toml")
    dying = {**contents(python=REAL), "usr/local/bin/python3": DYING, REAL: _interpreter()}
    image = images.image(engine.client, dying)
    options = 'scratch = "tmpfs"\nmounts = ["./deaths:/deaths:rw"]'
    project = lean("dying", image, searched, options)
    (project / "deaths").mkdir()
    (project / "deaths").chmod(0o777)
    leanopt(project, "run", "pipeline.toml")
    assert len(list((project / "deaths").iterdir())) == 2, "none has died"
    assert canonical(project) == canonical(quiet)
    assert {one["failure"] for one in _backtests(leanopt, project)} == {None}
    assert containers(project) == []


def _interpreter() -> Path:
    return Path(sys.executable).resolve()


@pytest.mark.parametrize("harness", ["warm", "launcher"])
def test_a_lean_that_is_killed_costs_its_backtest_alone(
    lean, leanopt, containers, engine: Engine, harness: str
) -> None:
    """As by the kernel, for its memory: retried, and not remembered; the container goes on."""
    image = images.image(engine.client, contents())
    searched = 'case = { choices = ["completed", "killed"] }'
    project = lean("killed", image, searched, "retries = 1", harness)
    for again in (2, 1):
        done = leanopt(project, "run", "pipeline.toml", "--again", "--allow-unread")
        ran = f"{again} backtest{'s' if again > 1 else ''} run"
        assert ran in done.stdout + done.stderr
        killed, completed = sorted(_backtests(leanopt, project), key=lambda one: not one["failure"])
        assert killed["failure"] == "worker died"
        assert killed["attempts"] == 2
        assert completed["failure"] is None
    assert containers(project) == []


def test_a_document_cut_short_by_a_full_scratch_says_so(lean, leanopt, engine: Engine) -> None:
    """By the option that gives it more, not by what is wrong with the document."""
    image = images.image(engine.client, contents())
    options = 'scratch = "tmpfs"\nscratch_size = "64KB"\nretries = 0'
    project = lean("full", image, "entry = { choices = [0] }", options)
    leanopt(project, "run", "pipeline.toml", check=False)
    (backtest,) = _backtests(leanopt, project)
    assert backtest["failure"]
    assert "executor.scratch_size" in str(backtest["message"])
