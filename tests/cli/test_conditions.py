"""A run whose parameters have conditions: what it tries, and how inactive parameters are shown."""

from __future__ import annotations

import csv
import io
import json
import tomllib
from pathlib import Path

import pytest

from leanopt_core.cli.progress import Progress
from leanopt_core.cli.watch import Follower
from leanopt_core.store.store import open_to_look
from tests.projects import lay

STRATEGY = '''
from leanopt_harness import Result, backtest


@backtest
def run(parameters, scenario):
    """Best without a trailing stop, at fast = 2."""
    fast, stop, leave = parameters["fast"], parameters["stop"], parameters["leave"]
    assert leave == "trail" or stop == 0.01, "inactive"
    return Result({"Net Profit": (stop if leave == "trail" else 1) - abs(fast - 2) / 10})
'''

PIPELINE = """
name = "exits"

[strategy]
entry = "strategy.py:run"

[parameters]
fast = { min = 1, max = 4 }
leave = { choices = ["close", "trail"] }
stop = { min = 0.01, max = 0.1, step = 0.01, when = "leave == 'trail'" }

[fitness]
use = "statistic"
statistic = "Net Profit"

[executor]
workers = 2

[[stage]]
use = "grid"
"""


@pytest.fixture(scope="module")
def exits(tmp_path_factory: pytest.TempPathFactory, leanopt) -> Path:
    """A project with a finished run, to be looked at only."""
    folder = tmp_path_factory.mktemp("exits")
    lay(folder, STRATEGY, PIPELINE)
    leanopt(folder, "run", "pipeline.toml")
    return folder


def test_only_what_counts_is_tried(exits: Path, leanopt) -> None:
    """The whole grid in 4 + 40 trials; the strategy gets the first value of an inactive one."""
    lines = leanopt(exits, "export").stdout.splitlines()
    trials = [one for line in lines if "parameters" in (one := json.loads(line))]
    tried = [(one["parameters"]["fast"], one["parameters"]["leave"]) for one in trials]
    assert len(trials) == 44
    assert len(set(tried)) == 8
    for one in trials:
        inactive = one["parameters"]["leave"] == "close"
        assert one["inactive"] == (["stop"] if inactive else [])
        assert one["failure"] is None


def test_the_same_run_with_other_workers(exits: Path, leanopt, tmp_path: Path) -> None:
    """Byte for byte."""
    for name in ("strategy.py", "pipeline.toml"):
        (tmp_path / name).write_text((exits / name).read_text())
    leanopt(tmp_path, "run", "pipeline.toml", "--workers", "3")
    dumps = [leanopt(folder, "export", "--canonical").stdout for folder in (exits, tmp_path)]
    assert dumps[0] == dumps[1]
    assert "inactive" not in dumps[0]


def test_tables_have_a_dash_where_a_parameter_does_not_count(exits: Path, leanopt) -> None:
    """And no warning that it is at its edge."""
    page = leanopt(exits, "show").stdout
    head, best, *_ = page[page.index("rank ") :].splitlines()
    row = dict(zip(head.split(), best.split(), strict=False))
    assert (row["leave"], row["fast"], row["stop"]) == ("close", "2", "-")
    said = json.loads(leanopt(exits, "show", "--json").stdout)
    assert said["warnings"] == []
    assert said["best"][0]["inactive"] == ["stop"]
    assert said["best"][0]["parameters"]["stop"] == 0.01
    trial = str(said["best"][0]["trial"])
    assert "\n  stop is inactive unless leave == 'trail'\n" in leanopt(exits, "show", trial).stdout


def test_filters_and_maps_leave_out_what_does_not_count(exits: Path, leanopt) -> None:
    """A filter has no value to go by, and a map no place."""
    arguments = ("show", "--where", "stop < 0.05", "--sort", "stop", "--top", "99", "--json")
    said = json.loads(leanopt(exits, *arguments).stdout)
    assert (said["told"], said["kept"], said["unknown"]) == (44, 16, 4)
    assert {one["parameters"]["leave"] for one in said["trials"]} == {"trail"}
    found = json.loads(leanopt(exits, "show", "--map", "fast", "stop", "--json").stdout)
    assert (found["trials"], len(found["cells"])) == (40, 40)
    page = leanopt(exits, "show", "--where", "leave == 'close'", "--columns", "stop").stdout
    rows = page[page.index("rank ") :].splitlines()[1:]
    assert [row.split()[-1] for row in rows if row] == ["-"] * 4


def test_exports_say_what_did_not_count(exits: Path, leanopt) -> None:
    """The values are those that the strategy got."""
    rows = list(csv.DictReader(io.StringIO(leanopt(exits, "export", "--to", "csv").stdout)))
    assert {(row["parameters.leave"], row["inactive"]) for row in rows} == {
        ("close", "stop"),
        ("trail", ""),
    }
    text = leanopt(exits, "export", "--to", "toml").stdout
    assert "\n# stop is inactive unless leave == 'trail'\n" in text
    assert tomllib.loads(text)["parameters"] == {"fast": 2, "leave": "close", "stop": 0.01}


def test_the_live_screen_shows_what_counts(exits: Path) -> None:
    """As `watch` follows the run."""
    with open_to_look(exits / ".leanopt" / "leanopt.db") as store:
        progress = Progress(began=0.0)
        Follower(store, store.runs.find(None), progress, 0.0).update(1.0)
    (best, *others) = progress.view(1.0).best
    assert best.parameters == {"fast": "2", "leave": "close"}
    close = [one for one in others if one.parameters["leave"] == "close"]
    assert not any("stop" in one.parameters for one in close)
