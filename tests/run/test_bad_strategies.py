"""Strategies that misbehave: each trial is categorised, kept and shown, and the run goes on."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.projects import lay

STRATEGY = """
import ctypes
import os
import subprocess
import sys
import time

from leanopt_harness import Result, backtest


def hang():
    while True:
        time.sleep(60)


def leave():
    os._exit(3)


def exit_politely():
    sys.exit(4)


def crash():
    ctypes.string_at(0)


def leak():
    blocks = []
    while True:
        blocks.append(bytearray(os.urandom(1 << 20)) * 8)


def shout():
    for _ in range(100):
        os.write(1, b"y" * (1 << 20))
    raise ValueError("shouted itself hoarse")


def fork():
    for _ in range(4):
        subprocess.Popen(["sleep", "600"], start_new_session=True)
    raise ValueError("left children behind")


def not_a_number():
    return float("nan")


def raise_it():
    raise ZeroDivisionError("no volume today")


def nothing():
    return None


def deep():
    return deep()


DEEDS = (None, hang, leave, exit_politely, crash, leak, shout, fork, not_a_number, raise_it,
         nothing, deep)


@backtest
def run(parameters, scenario):
    deed = DEEDS[parameters["deed"]]
    value = deed() if deed else 0.5
    if deed is nothing:
        return None
    return Result({"Net Profit": value, "Drawdown": 0.1, "Total Orders": parameters["again"]})
"""

PIPELINE = """
name = "bad"
seed = 1

[strategy]
entry = "strategy.py:run"

[parameters]
deed = { min = 0, max = 11, step = 1 }
again = { min = 1, max = 2, step = 1 }

[fitness]
use = "statistic"
statistic = "Net Profit"
direction = "max"

[executor]
workers = 2
time_limit = "3s"
memory_limit = "400MB"
retries = 1

[[stage]]
use = "random"
"""

#: What becomes of each deed: the category, and a part of its message.
EXPECTED = {
    1: ("timeout", "3 s"),
    2: ("worker died", "exit code 3"),
    3: ("strategy error", "SystemExit: 4"),
    4: ("worker died", "SIGSEGV"),
    5: ("worker died", "memory limit"),
    6: ("strategy error", "shouted itself hoarse"),
    7: ("strategy error", "left children behind"),
    8: ("no result", 'statistic "Net Profit" is nan'),
    9: ("strategy error", "no volume today"),
    10: ("no result", "expected a Result"),
    11: ("strategy error", "RecursionError"),
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A project whose every parameter set but two misbehaves."""
    lay(tmp_path, STRATEGY, PIPELINE)
    return tmp_path


def _trial(shown, folder: Path, number: int) -> dict[str, Any]:
    return dict(shown(folder, str(number)))


@pytest.mark.slow
@pytest.mark.long
def test_every_misdeed_has_its_category_and_the_run_goes_on(
    folder: Path, leanopt, shown, processes_of
) -> None:
    """All 24 points are told; what failed says why; no process and no scratch file is left."""
    leanopt(folder, "run", "pipeline.toml")
    report = shown(folder)
    assert report["state"] == "finished"
    assert report["trials"]["completed"] == report["trials"]["feasible"] == 2
    assert sum(report["trials"]["failures"].values()) == 22
    for number in range(1, 25):
        trial = _trial(shown, folder, number)
        deed = trial["parameters"]["deed"]
        if deed in EXPECTED:
            category, message = EXPECTED[deed]
            assert (trial["failure"], deed) == (category, deed)
            assert message in trial["backtests"][0]["message"]
            assert trial["fitness"] is None
        else:
            assert trial["fitness"] == 0.5
    assert processes_of(folder) == []
    assert not list((folder / ".leanopt").glob("scratch/*/*"))


BROKEN = {
    "does not import": ("import nowhere_to_be_found\n", "nowhere_to_be_found"),
    "a syntax error": ("def run(:\n", "SyntaxError"),
    "no such function": ("x = 1\n", "run"),
    "not marked": ("def run(parameters, scenario):\n    return None\n", "@backtest"),
    "exits": ("raise SystemExit(3)\n", "SystemExit"),
}


@pytest.mark.alike(1)
@pytest.mark.parametrize("name", BROKEN)
def test_a_strategy_that_cannot_be_used_is_said_before_anything_is_stored(
    folder: Path, leanopt, name: str
) -> None:
    """Exit code 5, the file and the reason; no run is made."""
    text, reason = BROKEN[name]
    (folder / "strategy.py").write_text(text)
    completed = leanopt(folder, "run", "pipeline.toml", check=False)
    assert completed.returncode == 5, completed.stderr
    assert "strategy.py" in completed.stderr
    assert reason in completed.stderr
    assert "no runs yet" in leanopt(folder, "show", check=False).stderr


def test_a_missing_strategy_file(folder: Path, leanopt) -> None:
    """The path looked at is named."""
    (folder / "strategy.py").unlink()
    completed = leanopt(folder, "run", "pipeline.toml", check=False)
    assert completed.returncode == 5
    assert f"there is no strategy file {folder / 'strategy.py'}" in completed.stderr
    (folder / "strategies.py").write_text("")
    completed = leanopt(folder, "run", "pipeline.toml", check=False)
    assert completed.stderr == (
        f"leanopt: strategy.entry: there is no strategy file {folder / 'strategy.py'} "
        "(did you mean 'strategies.py'?)\n"
    )


@pytest.mark.long
def test_a_parameter_that_nobody_reads_stops_the_run(folder: Path, leanopt, shown) -> None:
    """The nearest name that the strategy reads is offered; --allow-unread goes on."""
    (folder / "strategy.py").write_text(
        "from leanopt_harness import Result, backtest\n\n\n@backtest\n"
        "def run(parameters, scenario):\n"
        "    parameters.get('agian', 1)\n"
        "    return Result({'Net Profit': float(parameters['deed'])})\n"
    )
    completed = leanopt(folder, "run", "pipeline.toml", check=False)
    assert completed.returncode == 5
    assert (
        "the strategy did not read parameter 'again' in the first 16 backtests; "
        "did you mean 'agian'?\nto run it anyway, use --allow-unread"
    ) in completed.stderr
    assert shown(folder)["state"] == "failed"
    assert shown(folder)["trials"]["completed"] == 16
    leanopt(folder, "run", "pipeline.toml", "--allow-unread")
    assert shown(folder)["trials"]["completed"] == 24


def test_a_fixed_parameter_that_nobody_reads_stops_the_run_too(folder: Path, leanopt) -> None:
    """It would be as silent a mistake."""
    fixed = ("--set", "parameters.deed=0", "--set", "parameters.sise=3")
    completed = leanopt(folder, "run", "pipeline.toml", *fixed, check=False)
    assert completed.returncode == 5
    assert "the strategy did not read parameter 'sise'" in completed.stderr
