"""The regression benchmark without LEAN: results read from documents and answers, and compared."""

from __future__ import annotations

import argparse
import json
import struct
import sys
from base64 import b64encode
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "benchmarks"))
DOCUMENTS = ROOT / "tests" / "lean-results" / "documents"

from regression.algorithms import Algorithm, Lean  # noqa: E402
from regression.cold import Kept  # noqa: E402
from regression.results import Result, differences, from_answer, from_document, unmet  # noqa: E402
from regression.warm import LostError, Process  # noqa: E402

HARNESS = """
import json, sys, time

for line in sys.stdin:
    request = json.loads(line)
    if request.get("end"):
        sys.exit(3)
    time.sleep(request.get("sleep", 0))
    print(json.dumps({"id": request["id"], "status": "complete"}), flush=True)
"""


def document(case: str) -> dict[str, Any]:
    """Return a document of the stock Launcher's."""
    return json.loads((DOCUMENTS / case / "backtest.json").read_bytes())


def packed(code: str, column: list[float]) -> str:
    """Return a column of an equity curve as harnesses send it."""
    return b64encode(struct.pack(f"<{len(column)}{code}", *column)).decode()


def answer_of(result: Result, said: dict[str, Any]) -> dict[str, Any]:
    """Return the answer of a harness that gives what a document says."""
    times, values = zip(*result.equity, strict=True)
    return {
        "status": "complete",
        "state": said["state"],
        "statistics": said["statistics"],
        "runtimeStatistics": said["runtimeStatistics"],
        "order_hash": result.order_hash,
        "equity": {"times": packed("q", times), "values": packed("d", values)},
    }


@pytest.fixture
def cold() -> Result:
    """A result that was completed."""
    return from_document(document("completed"), "abc")


def test_document_and_answer_are_read_alike(cold: Result) -> None:
    """A harness that says what the document says differs in nothing."""
    assert (cold.start, cold.end) == ("2005-01-03", "2005-12-30")
    assert (cold.currency, cold.cash) == ("USD", 100_000)
    assert len(cold.equity) > 200
    warm = from_answer(answer_of(cold, document("completed")))
    assert warm.equity == cold.equity
    assert not list(differences(warm, cold))


def test_result_survives_its_file(cold: Result) -> None:
    """Times are whole numbers and points are pairs again."""
    assert Result.parse(cold.text()) == cold


def test_every_difference_is_named(cold: Result) -> None:
    """Status, order hash, statistics, runtime statistics and equity, with both values."""
    last_time, last = cold.equity[-1]
    warm = evolve(
        cold,
        order_hash="abd",
        statistics={**cold.statistics, "Total Orders": "12"},
        runtime={**cold.runtime, "Fees": "$0"},
        equity=[*cold.equity[:-1], (last_time, last + 1)],
    )
    count = len(cold.equity)
    assert list(differences(warm, cold)) == [
        "order hash: abd, not abc",
        "Total Orders: 12, not 11",
        f"runtime Fees: $0, not {cold.runtime['Fees']}",
        f"equity: 1 of {count} points, first at {last_time}: {last + 1}, not {last}",
    ]
    shorter = evolve(cold, equity=cold.equity[:-1])
    assert [one.split(",")[0] for one in differences(shorter, cold)] == [
        f"equity: 1 of {count} points"
    ]


def test_failures_are_compared_by_state(cold: Result) -> None:
    """A failed answer has no statistics: its state and its message count."""
    failed = from_document(document("runtime-error"), "abc")
    warm = Result(failed.status, failed.error, order_hash="abc")
    assert not list(differences(warm, failed))
    elsewhere = failed.error.replace("EmaBands.cs:line", "Other.cs:line 1")
    assert not list(differences(evolve(warm, error=elsewhere), failed))
    told, *_ = differences(evolve(warm, error="other"), failed)
    assert told.startswith("error: other, not ")
    told, *_ = differences(warm, cold)
    assert told.startswith("status: RuntimeError, not Completed: ")
    lost = from_answer({"status": "error", "category": "engine error", "message": "no space"})
    told, *_ = differences(lost, cold)
    assert told.startswith("status: error: no space, not Completed: ")


def test_expectations_are_compared_as_lean_does(cold: Result) -> None:
    """Names that LEAN expects, the order hash among them; -0 is 0."""
    expected = {"Total Orders": "11", "OrderListHash": "abc"}
    assert not list(unmet(cold, "Completed", expected))
    zero = evolve(cold, statistics={**cold.statistics, "Beta": "-0"})
    assert not list(unmet(zero, "Completed", {"Beta": "0"}))
    found = unmet(cold, "Completed", {"OrderListHash": "abd", "Alpha Score": "1"})
    assert list(found) == ["OrderListHash: abc, not abd", "Alpha Score: None, not 1"]
    failed = Result("RuntimeError", "planted")
    assert list(unmet(failed, "Completed", {})) == ["status: RuntimeError, not Completed: planted"]
    # So LEAN's tests see an algorithm whose Initialize throws.
    assert not list(unmet(failed, "Running", {}))


def test_cold_results_are_kept(
    tmp_path: Path, cold: Result, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each is run once, until the algorithm, LEAN or its configuration is another."""
    ran = []
    monkeypatch.setattr("regression.cold.run", lambda one, *_: ran.append(one.name) or cold)
    (tmp_path / "lean").mkdir()
    (tmp_path / "data").mkdir()
    library = tmp_path / "lean" / "QuantConnect.Common.dll"
    library.write_text("1")
    lean = Lean(tmp_path / "lean", tmp_path / "data", {})
    one = Algorithm("One", "CSharp", tmp_path / "one.dll", "Completed", {}, {})
    other = evolve(one, name="Other", config={"symbol-minute-limit": "1"})
    file = tmp_path / "cold.jsonl"
    for _ in range(2):
        kept = Kept(file, lean, 1)
        assert kept.result(one) == kept.result(other) == cold
    assert ran == ["One", "Other"]
    Kept(file, lean, 1).result(evolve(other, config={}))
    Kept(file, evolve(lean, config={"a": "b"}), 1).result(one)
    library.write_text("2")
    Kept(file, lean, 1).result(one)
    assert ran == ["One", "Other", "Other", "One", "One"]
    Kept(None, lean, 1).result(one)
    assert len(file.read_text().splitlines()) == 5


def test_configuration_is_leanopts(tmp_path: Path) -> None:
    """Further keys replace: those of the command line, then the algorithm's own."""
    lean = Lean(tmp_path, tmp_path / "data", {"log-handler": "Mine", "symbol-tick-limit": "7"})
    config = {"symbol-tick-limit": "100"}
    algorithm = Algorithm("One", "CSharp", tmp_path / "one.dll", "Completed", {}, config)
    worded = algorithm.configuration(lean)
    assert worded["algorithm-type-name"] == "One"
    assert worded["algorithm-location"] == str(tmp_path / "one.dll")
    assert worded["data-folder"] == str(tmp_path / "data")
    assert worded["parameters"] == {"ema-fast": "10", "ema-slow": "20"}
    assert (worded["log-handler"], worded["symbol-tick-limit"]) == ("Mine", "100")
    assert "results-destination-folder" not in worded


def test_lost_harness_is_told(tmp_path: Path) -> None:
    """One that hangs, and one that ends, whenever that is."""
    (tmp_path / "harness.py").write_text(HARNESS)
    command = [sys.executable, str(tmp_path / "harness.py")]
    process = Process(command, tmp_path)
    assert process.ask({}, 20) == {"id": "1", "status": "complete"}
    with pytest.raises(LostError, match="no answer within the time limit"):
        process.ask({"sleep": 60}, 0.1)
    process.kill()
    ends = Process(command, tmp_path)
    for _ in range(2):
        with pytest.raises(LostError, match="ended with exit code 3"):
            ends.ask({"end": True}, 20)
    ends.end()
    well = Process(command, tmp_path)
    well.end()


def test_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What LEAN is given further has a key and a value."""
    import importlib.util

    spec = importlib.util.spec_from_file_location("main", ROOT / "benchmarks" / "regression.py")
    main = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(main)
    assert main.keys(["a=b=c"], pytest.fail) == {"a": "b=c"}
    with pytest.raises(SystemExit):
        main.keys(["a"], argparse.ArgumentParser().error)
    assert "--config a: expected KEY=VALUE" in capsys.readouterr().err
    names = [one.name for one in main.shuffled(algorithms(tmp_path), 1)]
    assert names != sorted(names)
    assert names == [one.name for one in main.shuffled(algorithms(tmp_path), 1)]


def algorithms(folder: Path) -> list[Algorithm]:
    """Return some algorithms, in order."""
    return [
        Algorithm(name, "CSharp", folder / "all.dll", "Completed", {}, {}) for name in "abcdefghij"
    ]
