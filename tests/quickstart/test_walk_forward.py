"""The quickstart's walk-forward: one command, and nothing that single backtests would not give."""

from __future__ import annotations

import csv
import json
import shutil
from itertools import pairwise
from pathlib import Path

import pytest


def table(text: str) -> list[dict[str, str]]:
    """Return the rows of a CSV."""
    return list(csv.DictReader(text.splitlines()))


@pytest.mark.long
def test_the_joined_curve_is_that_of_single_backtests(
    quickstart: Path, tmp_path: Path, leanopt
) -> None:
    """Of each window's chosen trial over its test days, fitness and daily returns."""
    folder = tmp_path / "quickstart"
    ignored = shutil.ignore_patterns(".leanopt", "__pycache__")
    shutil.copytree(quickstart, folder, ignore=ignored)
    few = ("--set", "stage.lhs.trials=16", "--set", "stage.random.trials=16")
    leanopt(folder, "run", "walk-forward.toml", "--workers", "2", *few)
    [path] = json.loads(leanopt(folder, "show", "--json").stdout)["paths"]
    rows = table(leanopt(folder, "export", "--to", "path").stdout)
    assert len(path["windows"]) == 5
    expected: list[tuple[str, str, float]] = []
    for window in path["windows"]:
        first, _, last = window["test"].partition(" to ")
        search = str(window["search"])
        done = leanopt(
            *(folder, "backtest", "walk-forward.toml", "--json"),
            *("--of", f"walk-forward-1:{window['trial']}", "--search", search),
            *("--set", f"scenario.start={first}", "--set", f"scenario.end={last}"),
            *("--to", "equity", "--output", str(tmp_path)),
        )
        assert json.loads(done.stdout)["fitness"] == window["out_of_sample"]
        [file] = tmp_path.glob("*equity*.csv")
        values = [(row["time"][:10], float(row["value"])) for row in table(file.read_text())]
        file.unlink()
        expected += [
            (day, search, value / before - 1) for (_, before), (day, value) in pairwise(values)
        ]
    assert [(row["day"], row["search"]) for row in rows] == [one[:2] for one in expected]
    returns = [float(row["return"]) for row in rows]
    assert returns == pytest.approx([change for *_, change in expected], rel=1e-6, abs=1e-9)
