"""What strategies do to the harness: each harm has its category, and the next backtest is right."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from regression.warm import HangError, LostError, Process

from .conftest import LIMIT, Real, Strategy

#: What a backtest says that finds nothing left.
CLEAN = "1.5 - - - -"


@pytest.fixture
def started(real: Real, assembly: Path, tmp_path: Path) -> Iterator[Callable[[], Process]]:
    """Start fresh harnesses, ended with the test."""
    processes: list[Process] = []

    def start() -> Process:
        processes.append(real.serve(assembly, tmp_path))
        return processes[-1]

    yield start
    for process in processes:
        process.end()


def ask(real: Real, assembly: Path, process: Process, fault: str) -> dict[str, Any]:
    """Run the strategy with a fault."""
    return process.ask({"config": real.config(assembly, "Faults", fault=fault)}, LIMIT)


@pytest.mark.parametrize(
    ("fault", "message"),
    [("initialize", "planted in Initialize"), ("data", "planted in OnData"), ("task", "planted")],
)
def test_what_a_strategy_raises_is_its_error(csharp: Strategy, fault: str, message: str) -> None:
    """The harness serves on."""
    failed = csharp.run(name="Faults", fault=fault)
    assert (failed["status"], failed["category"]) == ("error", "strategy error")
    assert message in failed["message"] + failed["state"]["StackTrace"]
    assert csharp.run(name="Faults")["runtimeStatistics"]["Seen"] == CLEAN


@pytest.mark.parametrize(
    "fault",
    ["config", "culture", "hours", "environment", "folder", "store", "print", "close", "file"],
)
def test_what_a_strategy_changes_is_put_back(csharp: Strategy, fault: str) -> None:
    """The next answer is that of a clean process."""
    clean = csharp.run(name="Faults")
    assert csharp.run(name="Faults", fault=fault)["status"] == "complete"
    after = csharp.run(name="Faults")
    assert after["runtimeStatistics"] == clean["runtimeStatistics"]
    assert after["runtimeStatistics"]["Seen"] == CLEAN
    assert (after["statistics"], after["order_hash"]) == (clean["statistics"], clean["order_hash"])


@pytest.mark.parametrize("language", ["de_DE.UTF-8", "fr_FR.UTF-8"])
def test_the_machines_language_decides_nothing(
    real: Real,
    assembly: Path,
    started: Callable[[], Process],
    monkeypatch: pytest.MonkeyPatch,
    language: str,
) -> None:
    """Numbers are LEAN's own, also where a strategy writes them as .NET would by itself."""
    monkeypatch.setenv("LC_ALL", language)
    answer = ask(real, assembly, started(), "none")
    assert answer["runtimeStatistics"]["Seen"] == CLEAN


def test_static_fields_are_fresh_each_time(csharp: Strategy) -> None:
    """A strategy that counts its runs counts one."""
    cash = {csharp.run(name="Remembers")["statistics"]["Start Equity"] for _ in range(3)}
    assert cash == {"100000"}


@pytest.mark.parametrize(
    ("fault", "category", "message"),
    [
        ("thread", "strategy error", "InvalidOperationException: planted on a thread"),
        ("exit", "no result", "the strategy ended the process with exit code 3"),
    ],
)
def test_a_fresh_process_answers_for_a_strategy_that_ends_it(
    real: Real,
    assembly: Path,
    started: Callable[[], Process],
    fault: str,
    category: str,
    message: str,
) -> None:
    """And ends."""
    process = started()
    failed = ask(real, assembly, process, fault)
    assert (failed["status"], failed["category"]) == ("error", category)
    assert failed["message"].startswith(message)
    assert failed["last"].startswith(message)
    with pytest.raises(LostError):
        ask(real, assembly, process, "")


@pytest.mark.parametrize("fault", ["thread", "exit", "failfast", "overflow"])
def test_a_used_process_ends_without_an_answer(
    real: Real, assembly: Path, started: Callable[[], Process], fault: str
) -> None:
    """An earlier backtest might be to blame."""
    process = started()
    assert ask(real, assembly, process, "")["status"] == "complete"
    with pytest.raises(LostError):
        ask(real, assembly, process, fault)


@pytest.mark.parametrize("fault", ["left-thread", "left-child"])
def test_a_failed_backtest_that_leaves_something_ends_the_harness_after_its_answer(
    real: Real, assembly: Path, started: Callable[[], Process], fault: str
) -> None:
    """Its answer counts."""
    process = started()
    failed = ask(real, assembly, process, fault)
    assert (failed["category"], "leaves a" in failed["message"]) == ("strategy error", True)
    assert "left" in failed["last"]
    with pytest.raises(LostError):
        ask(real, assembly, process, "")


@pytest.mark.parametrize("fault", ["sleep", "spin", "deadlock"])
def test_what_never_ends_is_the_clients_to_kill(
    real: Real, assembly: Path, started: Callable[[], Process], fault: str
) -> None:
    """No answer comes."""
    process = started()
    assert ask(real, assembly, process, "")["status"] == "complete"
    with pytest.raises(HangError):
        process.ask({"config": real.config(assembly, "Faults", fault=fault)}, 3.0)
