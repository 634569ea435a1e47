"""The stand-in answers with what was recorded, and refuses what LEAN would."""

from __future__ import annotations

import base64
import gzip
import json
import os
import struct
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

TESTS = Path(__file__).parents[1]
sys.path.insert(0, str(TESTS))

from standin import ASSEMBLY, LAUNCHER, Standin, configuration, contents, install, project  # noqa: E402

RECORDED = TESTS / "lean-results" / "ema-bands-spy-2003-2007.jsonl.gz"
FULL = TESTS.parent / "benchmarks/landscapes/data/ema-bands-spy-2003-2007.jsonl.gz"

Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture(scope="module")
def standin(tmp_path_factory: pytest.TempPathFactory) -> Standin:
    """The stand-in, laid out."""
    return install(tmp_path_factory.mktemp("standin"))


@pytest.fixture
def run(standin: Standin, tmp_path: Path) -> Run:
    """Run the Launcher with a configuration, changed in some keys; results lie in `results`."""

    def launch(change: dict[str, Any] | None = None, **parameters: str) -> Any:
        config = configuration(project(tmp_path), tmp_path / "results", **parameters)
        file = tmp_path / "config.json"
        file.write_text(json.dumps(config | (change or {})))
        return subprocess.run(
            ["dotnet", ASSEMBLY, "--config", file],
            cwd=standin.launcher,
            env={**os.environ, **standin.environment},
            capture_output=True,
            text=True,
            check=False,
        )

    return launch


def lines(path: Path) -> list[Any]:
    """Return a landscape's header and rows."""
    with gzip.open(path, "rt") as file:
        return list(map(json.loads, file))


def test_it_says_what_it_is(run: Run) -> None:
    """In its first line."""
    assert "leanopt's stand-in for LEAN's Launcher" in run(case="completed").stdout.splitlines()[0]


@pytest.mark.parametrize(
    ("case", "code"), [("completed", 0), ("runtime-error", 1), ("process-exit", 3)]
)
def test_a_recorded_folder_is_left_as_it_was(
    run: Run, tmp_path: Path, case: str, code: int
) -> None:
    """Every file of it to the byte, under the configuration's name, with LEAN's exit code."""
    assert run({"algorithm-id": "mine"}, case=case).returncode == code
    left = {path.name: path for path in (tmp_path / "results").iterdir() if path.is_file()}
    for path in (TESTS / "lean-results" / "documents" / case).iterdir():
        name = path.name.replace("backtest", "mine", 1)
        assert left.pop(name).read_bytes() == path.read_bytes()
    assert not left


@pytest.mark.alike(1)
@pytest.mark.parametrize("number", [1, 300, 600])
def test_a_recorded_backtest_becomes_a_document(run: Run, tmp_path: Path, number: int) -> None:
    """Statistics, performance and equity are the recorded ones."""
    header, *rows = lines(RECORDED)
    row = rows[number - 1]
    done = run(**row["parameters"], ticker="SPY", end="2007-12-31")
    assert done.returncode == 0
    assert f"OrderListHash {row['orderListHash']}" in done.stdout
    document = json.loads((tmp_path / "results" / "backtest.json").read_text())
    assert document["state"]["Status"] == "Completed"
    assert document["statistics"] == row["statistics"]
    for section in ("portfolioStatistics", "tradeStatistics"):
        assert document["totalPerformance"][section] == row[section]
    candles = document["charts"]["Strategy Equity"]["series"]["Equity"]["values"]
    assert [candle[4] for candle in candles[1:]] == row["equity"]
    assert len(row["equity"]) == len(header["days"])


def test_the_times_of_the_curve_are_new_yorks_midnights(run: Run, tmp_path: Path) -> None:
    """Each day's end is the next day's midnight there, the last day's the market's close."""
    from datetime import UTC, date, datetime, time
    from zoneinfo import ZoneInfo

    run(fast="3", slow="60", entry="4")
    document = json.loads((tmp_path / "results" / "backtest.json").read_text())
    series = document["charts"]["Strategy Equity"]["series"]
    zone = ZoneInfo("America/New_York")
    days = [date.fromisoformat(day) for day in lines(RECORDED)[0]["days"]]
    expected = [datetime.combine(day, time(), zone).timestamp() for day in days]
    close = datetime(2007, 12, 31, 21, tzinfo=UTC).timestamp()
    for name in ("Equity", "Return"):
        assert [value[0] for value in series[name]["values"]] == [*expected, close]


def test_the_full_landscape_has_statistics_only(run: Run, tmp_path: Path) -> None:
    """Where exit or stop are not 0."""
    header, *rows = lines(FULL)
    point, values = rows[0]
    names = ("fast", "slow", "entry", "exit", "stop")
    run(**dict(zip(names, map(str, point), strict=True)))
    document = json.loads((tmp_path / "results" / "backtest.json").read_text())
    recorded = dict(zip(header["statistics"], values, strict=True))
    del recorded["OrderListHash"]
    assert document["statistics"] == recorded
    assert "totalPerformance" not in document


@pytest.mark.parametrize(
    "parameters",
    [{"fast": "4", "slow": "30"}, {"fast": "3", "slow": "30", "end": "2008-12-31"}, {"case": "x"}],
)
def test_what_was_not_recorded_is_an_initialize_error(
    run: Run, tmp_path: Path, parameters: dict[str, str]
) -> None:
    """As LEAN leaves one, with what was."""
    assert run(**parameters).returncode == 1
    state = json.loads((tmp_path / "results" / "backtest.json").read_text())["state"]
    assert state["Status"] == "RuntimeError"
    assert "During the algorithm initialization" in state["RuntimeError"]
    assert any(word in state["RuntimeError"] for word in ("recorded", "there are completed"))


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("environment", "live"),
        ("algorithm-type-name", ""),
        ("algorithm-language", "Java"),
        ("algorithm-location", "/none.dll"),
        ("data-folder", "/none"),
        ("results-destination-folder", None),
        ("object-store-root", None),
        ("algorithm-id", 7),
        ("parameters", {"fast": 3}),
        ("close-automatically", "true"),
        ("log-handler", None),
        ("composer-dll-directory", "/none"),
        ("data-feed-workers-count", 8),
        ("map-file-provider", None),
        ("factor-file-provider", None),
        ("python-venv", None),
    ],
)
def test_each_key_is_checked(run: Run, tmp_path: Path, key: str, value: object) -> None:
    """A wrong one is named, and nothing is written."""
    done = run({key: value}, case="completed")
    assert done.returncode == 1
    assert key.rstrip("s") in done.stderr
    assert not (tmp_path / "results").exists()


@pytest.fixture
def warm(standin: Standin, tmp_path: Path) -> Iterator[Warm]:
    """The warm harness running."""
    folder = tmp_path / "harness"
    folder.mkdir()
    for name in ("LeanoptHarness.dll", "LeanoptHarness.runtimeconfig.json"):
        (folder / name).touch()
    made = project(tmp_path)
    paths = {"--lean": standin.launcher, "--strategy": made / "Strategies.dll"}
    command = ["dotnet", folder / "LeanoptHarness.dll", "--data", made / "data"]
    with subprocess.Popen(
        [*command, *(word for option in paths.items() for word in option)],
        env={**os.environ, **standin.environment},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as process:
        yield Warm(process, made, standin)
        process.kill()


class Warm:
    """The stand-in for the warm harness."""

    def __init__(self, process: subprocess.Popen[bytes], made: Path, standin: Standin) -> None:
        self.process = process
        self.project = made
        self._standin = standin

    def ask(self, request: dict[str, Any]) -> Any:
        """Return the answer to a request, None if there is none."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps({"id": "1", **request}).encode() + b"\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        return json.loads(line) if line else None

    def config(self, results: Path, **parameters: str) -> dict[str, Any]:
        """Return a whole configuration."""
        config = configuration(self.project, results, **parameters)
        return {**config, "composer-dll-directory": str(self._standin.launcher)}

    def run(self, change: dict[str, Any] | None = None, **parameters: str) -> Any:
        """Run a backtest that needs no folder, the request changed in some members."""
        config = self.config(self.project / "results", **parameters)
        del config["results-destination-folder"], config["object-store-root"]
        return self.ask({"config": config, **(change or {})})


def test_warm_answers_are_the_launchers_documents(warm: Warm, run: Run, tmp_path: Path) -> None:
    """The same statistics of a recorded backtest; and nothing is written."""
    point = {"fast": "3", "slow": "60", "entry": "4"}
    answer = warm.run({"outputs": ["equity", "trades"]}, **point)
    assert not (tmp_path / "results").exists()
    run(**point)
    document = json.loads((tmp_path / "results" / "backtest.json").read_text())
    assert answer["status"] == "complete"
    assert answer["statistics"] == document["statistics"]
    assert answer["totalPerformance"] == document["totalPerformance"]
    assert answer["state"]["Status"] == "Completed"
    candles = document["charts"]["Strategy Equity"]["series"]["Equity"]["values"]
    for name, code, column in (("times", "q", 0), ("values", "d", -1)):
        packed = base64.b64decode(answer["equity"][name])
        expected = [candle[column] for candle in candles]
        assert list(struct.unpack(f"<{len(candles)}{code}", packed)) == expected


def test_warm_writes_the_documents_that_are_asked_for(warm: Warm, tmp_path: Path) -> None:
    """Into the folder that the configuration names."""
    config = warm.config(tmp_path / "results", case="completed")
    answer = warm.ask({"config": config, "outputs": ["document"]})
    document = json.loads((tmp_path / "results" / "backtest.json").read_text())
    assert answer["statistics"] == document["statistics"]


@pytest.mark.parametrize(
    ("scenario", "message"),
    [
        ({"start": "2003-01-01", "end": "2007-12-31", "cash": 100_000}, None),
        ({"warmup": 60}, None),
        ({"warmup": 61}, "warmup 61: recorded was that of 60 bars only"),
        ({"cash": 1000}, "InitialCash 1000: recorded was 100000 only"),
        ({"start": "2003-01-02"}, "start 2003-01-02: recorded was 2003-01-01 only"),
    ],
)
def test_warm_applies_dates_cash_and_warm_up(
    warm: Warm, scenario: dict[str, Any], message: str | None
) -> None:
    """Whatever the parameters say."""
    parameters = {"fast": "3", "slow": "60", "start": "2003-01-01"}
    answer = warm.run({"scenario": scenario}, **parameters)
    assert answer["status"] == ("error" if message else "complete")
    assert message is None or message in answer["message"]


def test_only_a_fresh_process_answers_for_a_strategy_that_ends_it(warm: Warm) -> None:
    """It ends then; one that has run a backtest ends without an answer."""
    answer = warm.run(case="process-exit")
    assert (answer["category"], answer["message"][-11:]) == ("no result", "exit code 3")
    assert answer["last"] == answer["message"]
    assert warm.process.wait(30) == 1


def test_a_used_process_ends_without_an_answer(warm: Warm) -> None:
    """An earlier backtest may be to blame."""
    assert warm.run(case="completed")["status"] == "complete"
    assert warm.run(case="process-exit") is None


@pytest.mark.parametrize(
    ("key", "value"),
    [("parameters", {"fast": 3}), ("data-folder", "/none"), ("algorithm-location", "/none.dll")],
)
def test_warm_checks_each_configuration(warm: Warm, key: str, value: object) -> None:
    """As LEAN would, and against what it was started with."""
    config = configuration(warm.project, warm.project / "results", case="completed")
    answer = warm.ask({"config": {**config, key: value}})
    assert answer["category"] == "engine error"
    assert key.rstrip("s") in answer["message"]


def test_an_image_gets_the_same(tmp_path: Path) -> None:
    """Paths from the root, the interpreter of the image."""
    laid_out = {Path(name).relative_to(tmp_path) for name in contents(str(tmp_path))}
    image = contents()
    assert {Path(name).relative_to("/") for name in image} == laid_out
    assert f"{LAUNCHER}/{ASSEMBLY}" in image
    dotnet = image["/usr/local/bin/dotnet"]
    assert isinstance(dotnet, bytes)
    assert dotnet.startswith(b"#!/usr/local/bin/python3 -IS\n")
