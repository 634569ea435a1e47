"""`leanopt check` looks at all that needs no backtest and no network."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

#: What is wrong with the strategy, and what is said of it; the last needs no import to be found.
WRONG = {
    "a syntax error": ("def run(:\n", "SyntaxError", True),
    "an import that fails": ("import nowhere_to_be_found\n", "nowhere_to_be_found", True),
    "no such function": ("x = 1\n", 'has no function "run"', True),
    "no file": (None, "strategy.entry: there is no strategy file", False),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_strategy_that_cannot_be_used(project: Path, leanopt, name: str) -> None:
    """Exit code 5; with --no-import nothing of the user's runs, and the file must be there."""
    text, said, imported = WRONG[name]
    strategy = project / "strategy.py"
    strategy.unlink() if text is None else strategy.write_text(text)
    found = leanopt(project, "check", check=False)
    assert (found.returncode, found.stdout) == (5, "")
    assert said in found.stderr
    assert "strategy.py" in found.stderr
    without = leanopt(project, "check", "--no-import", check=False)
    assert without.returncode == (0 if imported else 5)


def test_data_that_is_missing(project: Path, leanopt) -> None:
    """With the nearest name, also without an import."""
    (project / "prices").mkdir()
    found = leanopt(project, "check", "--set", "strategy.data=price", "--no-import", check=False)
    assert found.returncode == 5
    said = f"strategy.data: there is no data {project / 'price'} (did you mean 'prices'?)\n"
    assert found.stderr == f"leanopt: {said}"


def test_what_is_missing_is_said_together(project: Path, leanopt) -> None:
    """The file and the data."""
    sets = ("--set", "strategy.data=price", "--set", "strategy.entry=strateg.py:run")
    found = leanopt(project, "check", *sets, check=False)
    assert found.returncode == 5
    assert [line.split(":")[0] for line in found.stderr.splitlines()] == [
        "leanopt",
        "strategy.data",
    ]


def test_nothing_of_it_stays(project: Path, leanopt) -> None:
    """No store, no copy of the strategy, no file of a worker."""
    assert leanopt(project, "check").stdout == "pipeline.toml: ok\n"
    left = {path.name for path in (project / ".leanopt").rglob("*")}
    assert left == {".gitignore", "scratch", "lock"}
    document = json.loads(leanopt(project, "check", "--json").stdout)
    assert document == {"mistakes": [], "warnings": []}


@pytest.mark.alike(1)
@pytest.mark.parametrize("command", ["check", "plan", "run"])
def test_the_pipeline_is_the_one_here(project: Path, leanopt, command: str) -> None:
    """`pipeline.toml`, unless another is named; without it the nearest name is offered."""
    small = ("--set", "stage.0.trials=2", "--set", "stage.1.trials=2")
    assert leanopt(project, command, *small).returncode == 0
    (project / "pipeline.toml").rename(project / "hill.toml")
    said = leanopt(project, command, *small, check=False)
    assert (said.returncode, said.stdout) == (3, "")
    assert said.stderr == "leanopt: pipeline.toml: no such file (did you mean 'hill.toml'?)\n"
