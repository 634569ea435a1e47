"""One trial exported: parameters for other programs, and what a backtest gives besides statistics.

The strategy's curve and trades are computed here too, from the parameters alone.
"""

from __future__ import annotations

import csv
import importlib.util
import io
import json
import shutil
import sqlite3
import tomllib
from contextlib import closing
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from tests.projects import lay

STRATEGY = '''
from leanopt_harness import Result, Trade, backtest

NOON = 1_000_000_000


@backtest
def run(parameters, scenario):
    """A line that rises with x, and a trade a day."""
    x, y, on = parameters["x"], parameters["y"], parameters["on"]
    parameters["mode"]
    times = [NOON + 86_400 * day for day in range(5)]
    equity = [100.0 + x * day + float(y) for day in range(5)]
    trades = [
        Trade(times[day], 1.25, x, 1 if on else -1, times[day + 1], 1.5, x / 3, 0.1, tag=tag)
        for day, tag in enumerate(("stop", None, 'a "b"\\x1b'))
    ]
    return Result({"Net Profit": x - float(y)}, times=times, equity=equity, trades=trades)
'''

PIPELINE = """
name = "line"
seed = 3

[strategy]
entry = "strategy.py:run"

[parameters]
x = { min = 1, max = 6 }
y = { min = 0, max = 0.3, step = 0.1 }
on = { choices = [true, false] }
mode = "it's \\"so\\""
"a b" = 1

[fitness]
use = "statistic"
statistic = "Net Profit"

[executor]
workers = 2

[[stage]]
use = "lhs"
trials = 12
"""


def _lay(folder: Path, pipeline: str) -> Path:
    folder.mkdir()
    lay(folder, STRATEGY, pipeline)
    return folder


@pytest.fixture(scope="module")
def line(tmp_path_factory: pytest.TempPathFactory, leanopt) -> Path:
    """A project with a finished run, to be looked at only."""
    folder = _lay(tmp_path_factory.mktemp("line") / "project", PIPELINE)
    leanopt(folder, "run", "pipeline.toml", "--allow-unread")
    return folder


@pytest.fixture
def copy(line: Path, tmp_path: Path) -> Path:
    """The same, to be written in."""
    return shutil.copytree(line, tmp_path / "copy")


def _parameters(leanopt, folder: Path, trial: int) -> dict:
    shown = leanopt(folder, "show", "line-1", f"{trial}", "--json").stdout
    return json.loads(shown, parse_float=Decimal)["parameters"]


def _best(leanopt, folder: Path) -> int:
    return json.loads(leanopt(folder, "show", "--json").stdout)["best"][0]["trial"]


def _rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def _result(folder: Path, parameters: dict):
    """Call the strategy, as Python."""
    spec = importlib.util.spec_from_file_location("line_strategy", folder / "strategy.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return getattr(module.run, "__wrapped__", module.run)(parameters, None)


def _rows_stored(folder: Path) -> list[tuple]:
    with closing(sqlite3.connect(folder / ".leanopt" / "leanopt.db")) as store:
        return [
            store.execute(f"SELECT count(*) FROM {table}").fetchone()  # noqa: S608 - our names
            for table in ("backtests", "runs", "trials", "equity_curves", "closed_trades")
        ]


@pytest.mark.parametrize("trial", [1, 7])
def test_parameters_are_exact_in_each_form(line: Path, leanopt, trial: int) -> None:
    """JSON has the stored values, TOML is a table of a pipeline, LEAN's are texts."""
    expected = _parameters(leanopt, line, trial)
    given = {
        form: leanopt(line, "export", f"line-1:{trial}", "--to", form).stdout
        for form in ("params", "toml", "lean")
    }
    assert json.loads(given["params"], parse_float=Decimal) == expected
    table = tomllib.loads(given["toml"], parse_float=Decimal)
    assert table == {"parameters": expected}
    assert given["toml"].startswith(f"# trial line-1:{trial}, fitness ")
    texts = {
        name: str(value).lower() if isinstance(value, bool) else str(value)
        for name, value in expected.items()
    }
    assert json.loads(given["lean"]) == {"parameters": texts}


def test_the_table_of_a_trial_is_that_of_a_pipeline(copy: Path, leanopt) -> None:
    """Pasted into one, its point is answered from the cache; a pipeline is not overwritten."""
    leanopt(copy, "export", "--to", "toml", "-o", "best.toml")
    table = (copy / "best.toml").read_text()
    x = tomllib.loads(table)["parameters"]["x"]
    before, _, after = PIPELINE.partition("[parameters]")
    after = after[after.index("[fitness]") :]
    (copy / "fixed.toml").write_text(f"{before}\n{table}\n{after}")
    wider = f"parameters.x={{ values = [{x}, 1000] }}"
    run = ("run", "fixed.toml", "--allow-unread", "--set", wider, "--json")
    assert json.loads(leanopt(copy, *run).stdout)["backtests"] == {"run": 1, "from_cache": 1}
    refused = leanopt(copy, "export", "--to", "toml", "-o", "best.toml", check=False)
    assert refused.returncode == 2
    assert "must not overwrite a strategy or a pipeline" in refused.stderr
    assert (copy / "best.toml").read_text() == table


def test_without_a_trial_it_is_the_best(line: Path, leanopt) -> None:
    """Of the run, or of the newest one."""
    best = leanopt(line, "export", f"line-1:{_best(leanopt, line)}", "--to", "params").stdout
    assert leanopt(line, "export", "line-1", "--to", "params").stdout == best
    assert leanopt(line, "export", "--to", "params").stdout == best


def test_a_run_without_a_feasible_trial_has_no_best(copy: Path, leanopt) -> None:
    """The nearest one is not handed out as the winner."""
    rule = 'constraints.results=["Net Profit > 100"]'
    leanopt(copy, "run", "pipeline.toml", "--allow-unread", "--set", rule)
    refused = leanopt(copy, "export", "--to", "params", check=False)
    assert refused.returncode == 2
    assert "run line-2 has no feasible trial; name one as RUN:TRIAL" in refused.stderr
    assert leanopt(copy, "export", "line-2:1", "--to", "params").stdout


def test_a_configuration_of_lean_keeps_what_else_it_has(copy: Path, leanopt) -> None:
    """Other keys, and other parameters; one that is no JSON is left as it is."""
    file = copy / "config.json"
    file.write_text('{"description": "é", "parameters": {"x": "99", "own": "1"}, "id": 5}')
    leanopt(copy, "export", "line-1:1", "--to", "lean", "-o", "config.json")
    block = json.loads(leanopt(copy, "export", "line-1:1", "--to", "lean").stdout)["parameters"]
    assert json.loads(file.read_text()) == {
        "description": "é",
        "parameters": {"own": "1", **block},
        "id": 5,
    }
    for text in ("{ // comment\n}", "[]", '{"parameters": []}'):
        file.write_text(text)
        refused = leanopt(copy, "export", "--to", "lean", "-o", "config.json", check=False)
        assert refused.returncode == 2
        assert "--output config.json exists and " in refused.stderr
        assert file.read_text() == text


@pytest.mark.long
@pytest.mark.parametrize("kept", [False, True])
def test_curve_and_trades_are_those_of_the_strategy(copy: Path, leanopt, kept: bool) -> None:
    """Made again if the store did not keep them; nothing is stored by that."""
    if kept:
        leanopt(copy, "run", "pipeline.toml", "--allow-unread", "--set", 'fitness={use="sqn"}')
    trial = f"line-{1 + kept}:3"
    before = _rows_stored(copy)
    result = _result(copy, _parameters(leanopt, copy, 3))
    curve = leanopt(copy, "export", trial, "--to", "equity")
    assert f"the store has no equity curve of {trial}: its backtest runs again" in curve.stderr
    found = [(row["time"], float(row["value"])) for row in _rows(curve.stdout)]
    times = [datetime.fromtimestamp(time, UTC).isoformat() for time in result.times]
    assert found == list(zip(times, result.equity, strict=True))
    done = leanopt(copy, "export", trial, "--to", "trades", "-o", "trades.csv")
    assert ("runs again" in done.stderr) is not kept
    rows = _rows((copy / "trades.csv").read_text())
    assert [row["tag"] for row in rows] == ["stop", "", 'a "b"\\u001b']
    for row, trade in zip(rows, result.trades, strict=True):
        assert row["entry_time"] == datetime.fromtimestamp(trade.entry_time, UTC).isoformat()
        numbers = ("entry_price", "quantity", "direction", "exit_price", "profit", "fees")
        assert [float(row[name]) for name in numbers] == [getattr(trade, n) for n in numbers]
        assert row["mae"] == ""
    assert _rows_stored(copy) == before


@pytest.mark.long
def test_what_is_made_again_must_be_the_same(copy: Path, leanopt) -> None:
    """Else nothing is written, and the cause is named."""
    strategy = copy / "strategy.py"
    strategy.write_text(STRATEGY.replace('"Net Profit": x', '"Net Profit": 2 * x'))
    done = leanopt(copy, "export", "line-1:3", "--to", "trades", "-o", "trades.csv", check=False)
    assert done.returncode == 9
    assert "line-1:3 gives other results when run again (Net Profit was " in done.stderr
    assert "the strategy's files have changed (strategy.py has changed) since run" in done.stderr
    assert not (copy / "trades.csv").exists()
    strategy.write_text(STRATEGY + "\n# Another comment\n")
    assert leanopt(copy, "export", "line-1:3", "--to", "trades").stdout
    strategy.write_text(STRATEGY.replace("return Result(", "raise ValueError(x)\n    Result("))
    done = leanopt(copy, "export", "line-1:3", "--to", "equity", check=False)
    assert done.returncode == 9
    assert "(strategy error: ValueError: " in done.stderr


def test_of_several_scenarios_one_is_chosen(copy: Path, leanopt) -> None:
    """By its name: a curve is of one backtest."""
    (copy / "pipeline.toml").write_text(
        PIPELINE + "".join(f'[[scenario]]\nname = "{name}"\n' for name in ("calm", "crisis"))
    )
    leanopt(copy, "run", "pipeline.toml", "--allow-unread")
    for arguments in ((), ("--scenario", "calmer")):
        refused = leanopt(copy, "export", "--to", "equity", *arguments, check=False)
        assert refused.returncode == 2
        assert "choose with --scenario from: calm, crisis" in refused.stderr
    best = leanopt(copy, "export", "--to", "equity", "--scenario", "crisis").stdout
    assert len(_rows(best)) == 5


@pytest.mark.long
def test_a_trial_without_them_says_so(copy: Path, leanopt) -> None:
    """It failed, or the strategy reports none."""
    bare = STRATEGY.replace(", times=times, equity=equity, trades=trades", "")
    failing = bare.replace("    times =", '    if x == 1: raise ValueError("one")\n    times =')
    (copy / "strategy.py").write_text(failing)
    leanopt(copy, "run", "pipeline.toml", "--allow-unread")
    refused = leanopt(copy, "export", "--to", "equity", check=False)
    assert refused.returncode == 2
    assert "the strategy reports no equity curve" in refused.stderr
    lines = map(json.loads, leanopt(copy, "export").stdout.splitlines())
    failed = next(one["number"] for one in lines if one.get("failure"))
    refused = leanopt(copy, "export", f":{failed}", "--to", "trades", check=False)
    assert refused.returncode == 2
    assert f"line-2:{failed} failed: strategy error: " in refused.stderr


@pytest.mark.alike(1)
@pytest.mark.parametrize("form", ["equity", "trades"])
def test_parquet_is_what_csv_is(copy: Path, leanopt, form: str) -> None:
    """With times as timestamps; without pyarrow it says what is needed."""
    arguments = ("export", "line-1:3", "--to", form, "-o", "made.parquet")
    if importlib.util.find_spec("pyarrow") is None:
        refused = leanopt(copy, *arguments, check=False)
        assert refused.returncode == 2
        assert "needs pyarrow: pip install pyarrow" in refused.stderr
        assert not list(copy.glob("*made*"))
        return
    from pyarrow import parquet

    leanopt(copy, *arguments)
    table = parquet.read_table(copy / "made.parquet").to_pylist()
    rows = _rows(leanopt(copy, "export", "line-1:3", "--to", form).stdout)
    for row, values in zip(rows, table, strict=True):
        for name, text in row.items():
            value = values[name]
            if isinstance(value, datetime):
                assert value.isoformat() == text
            elif isinstance(value, str) or value is None:
                assert (value or "") == text.replace(r"\u001b", "\x1b")
            else:
                assert value == float(text)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("line-1:3", "--to", "csv"), "--to csv exports all trials of a run; of one, choose from"),
        (("line-1:99", "--to", "params"), "run line-1 has no trial 99 in search 1"),
        (("line-1:3", "--to", "params", "--search", "2"), "run line-1 has no search '2'"),
        (("line-1", "--scenario", "x"), "--scenario is for one trial's forms"),
        (("line-1:3", "--to", "toml", "--scenario", "x"), "--scenario is for --to equity"),
        (("line-1:3", "--to", "toml", "-o", ".leanopt/x.toml"), "which leanopt reserves"),
    ],
)
def test_what_cannot_be_exported(line: Path, leanopt, arguments, message: str) -> None:
    """Is said, with what to type instead."""
    refused = leanopt(line, "export", *arguments, check=False)
    assert (refused.returncode, refused.stdout) == (2, "")
    assert message in refused.stderr
