"""`leanopt backtest`: one point, by the real command."""

from __future__ import annotations

import csv
import json
import signal
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from leanopt_core.project_files import STORE

Json = Callable[..., dict[str, Any]]

POINT = ("--param", "x=20", "--param", "y=0.3", "--param", "mode=fast")
SMALL = ("--set", "stage.0.trials=4", "--set", "stage.1.trials=1")
PROFIT = 1 - (20 / 40 - 0.6) ** 2 + 0.05


@pytest.fixture
def said(project: Path, leanopt) -> Json:
    """Return what `leanopt backtest --json` says in the project."""

    def backtest(*arguments: str, check: bool = True) -> dict[str, Any]:
        done = leanopt(project, "backtest", *arguments, "--json", check=check)
        found: dict[str, Any] = json.loads(done.stdout)
        return found

    return backtest


def only(found: dict[str, Any]) -> dict[str, Any]:
    """The only backtest."""
    (one,) = found["backtests"]
    return dict(one)


def ran(project: Path) -> int:
    """How many backtests the ledger counts."""
    with closing(sqlite3.connect(project / STORE)) as connection:
        return int(connection.execute("SELECT count(*) FROM single_backtests").fetchone()[0])


def test_statistics_and_score_of_a_point(project: Path, said: Json) -> None:
    """It runs once; the second time the store answers."""
    first, second = said(*POINT), said(*POINT)
    assert first["fitness"] == pytest.approx(PROFIT)
    assert first["parameters"] == {"x": 20, "y": 0.3, "mode": "fast"}
    assert first["off_grid"] == {}
    assert only(first)["statistics"]["Net Profit"] == pytest.approx(PROFIT)
    assert (only(first)["from_cache"], only(second)["from_cache"]) == (False, True)
    assert second["fitness"] == first["fitness"]
    assert only(second)["statistics"] == only(first)["statistics"]
    assert ran(project) == 1


def test_it_is_printed_for_people(project: Path, leanopt) -> None:
    """Per cent, no JSON, and where it came from."""
    done = leanopt(project, "backtest", *POINT)
    lines = [line.split() for line in done.stdout.splitlines()]
    assert ["x", "20"] in lines
    assert ["Net", "Profit", "104%"] in lines
    assert "scenario default, run now:" in done.stdout
    assert "from the cache" in leanopt(project, "backtest", *POINT).stdout


def test_it_is_in_no_run_and_answers_runs(project: Path, leanopt, shown) -> None:
    """`leanopt runs` does not list it."""
    leanopt(project, "backtest", *POINT)
    assert json.loads(leanopt(project, "runs", "--json").stdout)["runs"] == []
    one = ("parameters.x.min=20", "parameters.x.max=20", 'parameters.mode.choices=["fast"]')
    y = ("parameters.y.min=0.3", "parameters.y.max=0.3")
    leanopt(
        project, "run", "pipeline.toml", *(part for each in (*one, *y) for part in ("--set", each))
    )
    assert shown(project)["backtests"] == {"run": 0, "from_cache": 1}


@pytest.mark.long
def test_the_parameters_of_a_trial(project: Path, leanopt, said: Json, shown) -> None:
    """A parameter that is given goes before the trial's; RUN means its best trial."""
    leanopt(project, "run", "pipeline.toml", *SMALL)
    trial = shown(project, "hill-1", "3")
    found = said("--of", "hill-1:3", check=False)
    assert found["parameters"] == trial["parameters"]
    assert only(found)["from_cache"]
    assert said("--of", "hill-1:3", *POINT)["parameters"]["x"] == 20
    best = shown(project)["best"][0]
    assert (
        said("--of", "hill-1")["parameters"]
        == shown(project, "hill-1", str(best["trial"]))["parameters"]
    )
    assert said("--of", ":3", check=False)["parameters"] == trial["parameters"]


def test_it_takes_the_pipeline_and_the_options_of_the_run(
    project: Path, leanopt, said: Json
) -> None:
    """Unless a pipeline is named."""
    (project / "pipeline.toml").rename(project / "other.toml")
    leanopt(project, "run", "other.toml", *SMALL, "--set", 'scenario.symbol="QQQ"')
    assert only(said("--of", "hill-1"))["definition"]["symbol"] == "QQQ"
    assert "symbol" not in only(said("other.toml", "--of", "hill-1"))["definition"]


@pytest.mark.long
def test_a_value_off_the_grid_is_marked(project: Path, leanopt, said: Json) -> None:
    """With the nearest one; so is a constraint that does not hold."""
    off = ("--param", "x=1", "--param", "y=0.17", "--param", "mode=turbo")
    found = said(*off)
    assert found["off_grid"]["y"].endswith("(nearest: 0.15)")
    assert set(found["off_grid"]) == {"y", "mode"}
    assert found["broken_constraints"] == ["x + 10 * y >= 3"]
    assert only(found)["statistics"]["Drawdown"] == pytest.approx(0.1 + 0.2 * 0.17)
    page = leanopt(project, "backtest", *off).stdout
    assert "off the grid: 0.17 is not among its values" in page
    assert "breaks the constraint x + 10 * y >= 3" in page


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (("--param", "x=20"), "no value for mode, y: give each searched parameter one"),
        (
            (*POINT, "--param", "z=1"),
            "--param z: found 1, unknown parameter (choose from: mode, x, y)",
        ),
        ((*POINT, "--param", "x=many"), '--param x: found "many", expected a number'),
        (
            (*POINT, "--param", "x=[1]"),
            "--param x: found [1], expected a number, a text, true or false",
        ),
        ((*POINT, "--param", "x"), "--param x: expected NAME=VALUE, such as fast=10"),
        ((*POINT, "--param", "x=[1"), "--param x=[1: expected a TOML value"),
        ((*POINT, "--to", "equity"), "--to says what to write and --output where; give both"),
    ],
)
def test_mistakes_are_named(project: Path, leanopt, given: tuple[str, ...], expected: str) -> None:
    """With exit code 2, before anything runs."""
    done = leanopt(project, "backtest", *given, check=False)
    assert done.returncode == 2
    assert expected in done.stderr
    assert not (project / STORE).exists()


@pytest.mark.long
def test_fixed_parameters_need_no_value(project: Path, leanopt, said: Json) -> None:
    """Nor a stage; another value than the pipeline's is marked."""
    text = (project / "pipeline.toml").read_text()
    head, _, rest = text.partition("[parameters]")
    rest = rest[rest.index("[constraints]") :].partition("[[stage]]")[0]
    fixed = "[parameters]\nx = 20\ny = 0.3\nmode = 'fast'\n"
    (project / "pipeline.toml").write_text(head + fixed + rest)
    assert said()["fitness"] == pytest.approx(PROFIT)
    assert said("--param", "x=21")["off_grid"] == {"x": "the pipeline has 20"}
    refused = leanopt(project, "run", "pipeline.toml", check=False)
    assert "expected at least one to search" in refused.stderr


@pytest.mark.long
def test_several_scenarios(project: Path, leanopt, said: Json) -> None:
    """A row each; the settings come from `--set`."""
    several = ("--set", 'scenario=[{symbol = "SPY"}, {symbol = "QQQ"}]')
    found = said(*POINT, *several)
    assert [one["scenario"] for one in found["backtests"]] == ["SPY", "QQQ"]
    page = leanopt(project, "backtest", *POINT, *several).stdout
    assert [line.split()[0] for line in page.splitlines() if "from the cache" in line] == [
        "SPY",
        "QQQ",
    ]
    assert ran(project) == 2


@pytest.mark.long
def test_symbols_of_an_option_or_a_file(project: Path, leanopt, said: Json, tmp_path: Path) -> None:
    """Each has a scenario with what the file says, in place of the pipeline's symbol."""
    with (project / "pipeline.toml").open("a") as pipeline:
        pipeline.write('\n[scenario]\nsymbol = "IWM"\ncash = 5\n')
    both = said(*POINT, "--symbol", "A,B")
    assert [one["scenario"] for one in both["backtests"]] == ["A", "B"]
    (tmp_path / "u.csv").write_text("symbol,cash\nB,\nC,7\n")
    file = ("--universe", str(tmp_path / "u.csv"))
    more = said(*POINT, *file)
    assert [one["scenario"] for one in more["backtests"]] == ["B", "C"]
    # B is the same backtest, and answered.
    assert [one["from_cache"] for one in more["backtests"]] == [True, False]
    wrong = leanopt(project, "backtest", *file, "--symbol", "A", check=False)
    assert wrong.returncode == 2
    assert "--symbol and --universe both say which symbols" in wrong.stderr


def test_one_scenario_of_a_pipeline_that_prunes(project: Path, leanopt, said: Json) -> None:
    """A backtest has no other trials, so nothing that leaves out scenarios asks for several."""
    with (project / "pipeline.toml").open("a") as pipeline:
        pipeline.write('\n[scenario]\nuniverse = ["A", "B"]\n[prune]\nuse = "bound"\n')
    one = said(*POINT, "--symbol", "A", "--set", "search.backtests=2")
    assert [at["scenario"] for at in one["backtests"]] == ["A"]
    refused = leanopt(project, "run", "pipeline.toml", "--symbol", "A", check=False)
    assert refused.returncode == 3


@pytest.mark.long
def test_stages_need_nothing(project: Path, leanopt, said: Json) -> None:
    """The run whose points a stage takes may be deleted: no stage proposes the point."""
    leanopt(project, "run", "pipeline.toml", *SMALL)
    later = 'stage=[{use = "points", from = "hill-1"}]'
    leanopt(project, "run", "pipeline.toml", "--set", later, "--name", "later")
    leanopt(project, "delete", "hill-1", "--yes")
    assert only(said("--of", "later"))["from_cache"]
    refused = leanopt(project, "run", "pipeline.toml", "--set", later, "--again", check=False)
    assert "expected a run of this project" in refused.stderr


def test_a_backtest_that_fails(project: Path, leanopt) -> None:
    """Its message is shown, and the exit code is 5."""
    done = leanopt(project, "backtest", *POINT, "--param", "x=11", check=False)
    assert done.returncode == 5
    assert "strategy error: ValueError: no trading at x = 11" in done.stdout
    assert done.stdout.count("no trading") == 1
    assert "the backtest failed under: default" in done.stderr


@pytest.mark.long
def test_curve_and_trades_are_written(project: Path, leanopt, said: Json, tmp_path: Path) -> None:
    """Numbered, if there are several scenarios, since a symbol may be no name of a file."""
    folder = tmp_path / "new" / "out"
    done = leanopt(project, "backtest", *POINT, "--to", "equity", "--to", "trades", "-o", folder)
    assert sorted(file.name for file in folder.iterdir()) == ["equity.csv", "trades.csv"]
    assert f"equity of default: {folder / 'equity.csv'}" in done.stdout
    with (folder / "equity.csv").open() as file:
        rows = list(csv.reader(file))
    assert rows[0] == ["time", "value"]
    assert [float(value) for _, value in rows[1:3]] == [100.0, 120.0]
    several = ("--set", 'scenario=[{name = "a", symbol = "../../x"}, {symbol = "con"}]')
    found = said(*POINT, *several, "--to", "equity", "-o", str(folder))
    assert [one["files"]["equity"] for one in found["backtests"]] == [
        str(folder / "equity-1.csv"),
        str(folder / "equity-2.csv"),
    ]
    assert ran(project) == 3


def test_another_result_than_the_stored_one(project: Path, leanopt) -> None:
    """Of a strategy that reads the clock: exit code 9."""
    strategy = project / "strategy.py"
    strategy.write_text(strategy.read_text().replace("profit = 1 -", "profit = time.time() -"))
    leanopt(project, "backtest", *POINT)
    again = ("--to", "equity", "-o", "out")
    done = leanopt(project, "backtest", *POINT, *again, check=False)
    assert done.returncode == 9
    assert "it ran again and differs from the stored result" in done.stderr


def test_a_parameter_that_is_never_read_is_told(project: Path, leanopt) -> None:
    """As after a run."""
    text = (project / "pipeline.toml").read_text()
    (project / "pipeline.toml").write_text(text.replace("[constraints]", "z = 1\n[constraints]"))
    done = leanopt(project, "backtest", *POINT)
    assert "the strategy did not read parameter 'z'" in done.stderr


@pytest.mark.long
def test_a_signal_ends_it_and_its_workers(project: Path, start, processes_of) -> None:
    """With the exit code of an interruption; nothing is stored of what had not finished."""
    process = start(project, "backtest", *POINT, HILL_DELAY="60")
    while len(processes_of(project)) < 2:
        assert process.poll() is None, process.communicate()[1]
    process.send_signal(signal.SIGINT)
    assert process.wait() == 130
    assert processes_of(project) == []
    assert ran(project) == 0
