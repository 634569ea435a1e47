"""What the core itself brings is held to the same kits as everybody's plugins."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from attrs import evolve

from leanopt_core.engines.python import PythonEngine
from leanopt_core.engines.python import create as create_engine
from leanopt_core.executors.process import ProcessExecutor
from leanopt_core.executors.process import create as create_executor
from leanopt_core.options import JsonLinesOptions, ProcessOptions, PythonStrategy
from leanopt_core.sinks.jsonl import JsonLinesSink
from leanopt_core.sinks.jsonl import create as create_sink
from leanopt_core.testing import EngineContract, ExecutorContract, SinkContract
from leanopt_core.work import Scenario

STRATEGY = """
from leanopt_harness import Result, Trade, backtest


@backtest
def run(parameters, scenario):
    statistics = {"Net Profit": 0.1 * parameters["x"], "Drawdown": 0.2, "Total Orders": 9}
    trade = Trade(86400, 100.0, 1.0, 1, 172800, 101.0, 1.0, 0.1)
    return Result(statistics, [86400, 172800], [100.0, 101.0], [trade])
"""


class TestProcess(ExecutorContract):
    """The executor `process`."""

    @pytest.fixture
    def executor(self, tmp_path: Path) -> Iterator[ProcessExecutor]:
        """One in a folder of its own, of which nothing is left."""
        yield create_executor(ProcessOptions(), tmp_path)
        assert list((tmp_path / ".leanopt" / "scratch").glob("*/")) == []


class TestPython(EngineContract):
    """The engine `python`."""

    outputs = ("equity", "trades")

    @pytest.fixture
    def engine(self, tmp_path: Path) -> PythonEngine:
        """One for a strategy of a line."""
        (tmp_path / "strategy.py").write_text(STRATEGY)
        return create_engine(PythonStrategy(entry="strategy.py:run"), tmp_path)

    @pytest.fixture
    def strategy_file(self, tmp_path: Path) -> Path:
        """Its file."""
        return tmp_path / "strategy.py"

    @pytest.fixture
    def other_scenarios(self) -> Sequence[Scenario]:
        """All of a scenario reaches the strategy."""
        day, plain = date(2003, 1, 2), Scenario()
        changes = (
            {"symbol": "SPY"},
            {"start": day},
            {"end": day},
            {"cash": Decimal(1)},
            {"warmup": 60},
        )
        return [*(evolve(plain, **one) for one in changes), evolve(plain, extras={"fee": 1})]


class TestJsonLines(SinkContract):
    """The sink `jsonl`."""

    @pytest.fixture
    def make_sink(self) -> Callable[[Path], JsonLinesSink]:
        """One with its file in a folder that it makes."""
        return lambda project: create_sink(JsonLinesOptions(Path("out/trials.jsonl")), project)

    @pytest.fixture
    def written(self) -> Callable[[Path], object]:
        """The file's lines, which must be JSON."""

        def lines(project: Path) -> object:
            text = (project / "out" / "trials.jsonl").read_text(encoding="utf-8")
            return [json.loads(line) for line in text.splitlines()]

        return lines
