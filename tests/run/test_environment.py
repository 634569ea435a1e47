"""What workers get of the caller's environment, and `[strategy] environment`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.projects import lay

STRATEGY = """
import os

from leanopt_harness import Result, backtest


@backtest
def run(parameters, scenario):
    assert parameters["x"] != 3, "asserts count"
    profit = parameters["x"] * float(os.environ["FACTOR"])
    return Result({"Net Profit": profit, "Total Orders": 3})
"""
PIPELINE = """
name = "small"

[strategy]
entry = "strategy.py:run"
environment = ["FACTOR"]

[parameters]
x = { min = 1, max = 4 }

[fitness]
use = "statistic"
statistic = "Net Profit"

[executor]
workers = 1

[[stage]]
use = "grid"
"""


@pytest.fixture
def small(tmp_path: Path) -> Path:
    """A project whose strategy reads a variable and asserts."""
    folder = tmp_path / "small"
    folder.mkdir()
    lay(folder, STRATEGY, PIPELINE)
    return folder


def profits(leanopt, folder: Path, *run: str) -> dict[int, float | None]:
    """Return the fitness of each trial by its parameter."""
    said = leanopt(folder, "export", *run, "--to", "jsonl", "--canonical").stdout.splitlines()
    trials = [one for one in map(json.loads, said) if "number" in one]
    return {one["parameters"]["x"]: one["fitness"] for one in trials}


@pytest.mark.long
def test_a_variable_reaches_the_strategy_and_is_in_the_key(small: Path, leanopt) -> None:
    """A run under another value is not answered from the store; one under the same value is."""
    leanopt(small, "run", "pipeline.toml", FACTOR="10")
    assert profits(leanopt, small) == {1: 10.0, 2: 20.0, 3: None, 4: 40.0}
    other = leanopt(small, "run", "pipeline.toml", FACTOR="100").stdout
    assert "4 backtests run, 0 from the cache" in other
    assert profits(leanopt, small) == {1: 100.0, 2: 200.0, 3: None, 4: 400.0}
    shorter = ("--set", "parameters.x.max=2")
    again = leanopt(small, "run", "pipeline.toml", *shorter, FACTOR="10").stdout
    assert "0 backtests run, 2 from the cache" in again
    assert profits(leanopt, small) == {1: 10.0, 2: 20.0}


@pytest.mark.long
def test_asserts_run_whatever_the_caller_s_interpreter_is_told(small: Path, leanopt) -> None:
    """PYTHONOPTIMIZE reaches no worker."""
    leanopt(small, "run", "pipeline.toml", process=True, FACTOR="10", PYTHONOPTIMIZE="1")
    assert profits(leanopt, small)[3] is None


@pytest.mark.long
def test_values_are_not_stored(small: Path, leanopt) -> None:
    """They may be passwords: only names, and hashes in plan and keys."""
    value = "271828.1828459"
    # A profit is no multiple by one.
    leanopt(small, "run", "pipeline.toml", "--set", "parameters.x.min=2", FACTOR=value)
    for file in (small / ".leanopt").rglob("*"):
        if file.is_file():
            assert value.encode() not in file.read_bytes(), file
    said = leanopt(small, "show", "--json", "small-1", "1").stdout
    assert json.loads(said)["reproduce"][0]["passed"] == ["FACTOR"]
    said = leanopt(small, "show", "small-1", "1").stdout
    assert "# the worker had more variables, whose values are not stored: FACTOR" in said


@pytest.mark.long
def test_a_file_beside_the_pipeline_gives_values_too(small: Path, leanopt) -> None:
    """As for `${NAME}`."""
    (small / ".env").write_text("FACTOR=10\n")
    leanopt(small, "run", "pipeline.toml")
    assert profits(leanopt, small)[4] == 40.0


def test_an_unset_variable_and_a_wrong_name_are_errors(small: Path, leanopt) -> None:
    """Before anything runs, and with the key."""
    failed = leanopt(small, "check", "pipeline.toml", check=False)
    assert failed.returncode == 3
    assert 'strategy.environment[0]: found "FACTOR"' in failed.stderr
    assert "expected FACTOR in the environment or in .env" in failed.stderr
    wrong = ("--set", 'strategy.environment=["A=B"]')
    failed = leanopt(small, "check", "pipeline.toml", *wrong, check=False)
    assert "'A=B' is not the name of an environment variable" in failed.stderr


@pytest.mark.long
def test_a_missing_variable_that_the_caller_has_names_the_key(small: Path, leanopt) -> None:
    """Once, in the run; and where the strategy cannot even be imported."""
    none = ("--set", "strategy.environment=[]")
    key = 'pass it with [strategy] environment = ["FACTOR"]'
    said = leanopt(small, "run", "pipeline.toml", *none, FACTOR="10", check=False).stderr
    assert said.count(key) == 1
    said = leanopt(small, "run", "pipeline.toml", *none, check=False).stderr
    assert key not in said
    source = (small / "strategy.py").read_text()
    (small / "strategy.py").write_text(source + "\nFACTOR = os.environ['FACTOR']\n")
    failed = leanopt(small, "run", "pipeline.toml", *none, FACTOR="10", check=False)
    assert failed.returncode == 5
    assert key in failed.stderr


@pytest.mark.long
def test_a_key_that_lean_reports_missing_names_the_key_of_the_pipeline(
    small: Path, leanopt
) -> None:
    """LEAN words Python's KeyError in its own way."""
    words = "The key 'FACTOR' was not found in the collection, which raises a KeyError exception."
    source = (small / "strategy.py").read_text()
    (small / "strategy.py").write_text(
        source.replace("    profit =", f'    raise ValueError("{words}")\n    profit =')
    )
    none = ("--set", "strategy.environment=[]")
    said = leanopt(small, "run", "pipeline.toml", *none, FACTOR="10", check=False).stderr
    assert said.count('pass it with [strategy] environment = ["FACTOR"]') == 1
