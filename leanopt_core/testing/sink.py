"""The contract of a result sink: tests."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Mapping
from copy import deepcopy
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from leanopt_core.sinks.base import Sink, TrialRecord
from leanopt_core.space import Value
from leanopt_core.trial import Score, Trial, Violation

PLAN: Mapping[str, Any] = {"name": "trend", "seed": 7, "stages": [{"use": "lhs", "trials": 4}]}
MakeSink = Callable[[Path], Sink]


class SinkContract:
    """Inherit and override `make_sink`.

    The tests compare the files below the sink's folder. Override `written` if the sink writes
    elsewhere or writes the time.
    """

    @pytest.fixture
    def make_sink(self) -> MakeSink:
        """Override: return a function that builds the sink for a project's folder."""
        raise NotImplementedError("override the fixture `make_sink`")

    @pytest.fixture
    def written(self) -> Callable[[Path], object]:
        """Return a function that reads a sink's output for a project's folder."""
        return _files

    @pytest.mark.parametrize("trials", [0, 1, 6])
    def test_start_trials_close(self, make_sink: MakeSink, tmp_path: Path, trials: int) -> None:
        """A sink can be started, given trials, or none, and closed."""
        _tell(make_sink(tmp_path), records()[:trials])

    def test_builds_without_touching_what_is_there(
        self, make_sink: MakeSink, written: Callable[[Path], object], tmp_path: Path
    ) -> None:
        """Building a sink keeps an earlier run's results; only `start` replaces them."""
        _tell(make_sink(tmp_path), records())
        before = written(tmp_path)
        make_sink(tmp_path)
        assert written(tmp_path) == before

    @pytest.mark.parametrize("told", [0, 1, 4, 6])
    @pytest.mark.parametrize("end", ["killed", "interrupted"])
    def test_a_restart_replaces(
        self,
        make_sink: MakeSink,
        written: Callable[[Path], object],
        tmp_path: Path,
        told: int,
        end: str,
    ) -> None:
        """After a crash and a resume, every trial is written exactly once."""
        whole, resumed = tmp_path / "whole", tmp_path / "resumed"
        for folder in (whole, resumed):
            folder.mkdir()
        _tell(make_sink(whole), records())
        if end == "killed":
            _tell_and_die(make_sink, resumed, records()[:told])
        else:
            _tell(make_sink(resumed), records()[:told])
        _tell(make_sink(resumed), records())
        assert written(resumed) == written(whole)

    def test_a_shorter_run_replaces_a_longer_one(
        self, make_sink: MakeSink, written: Callable[[Path], object], tmp_path: Path
    ) -> None:
        """Starting the run again leaves nothing of its earlier output."""
        short, again = tmp_path / "short", tmp_path / "again"
        for folder in (short, again):
            folder.mkdir()
        _tell(make_sink(short), records()[:2])
        _tell(make_sink(again), records())
        _tell(make_sink(again), records()[:2])
        assert written(again) == written(short)

    @pytest.mark.parametrize("odd", range(5))
    def test_odd_values_are_taken(self, make_sink: MakeSink, tmp_path: Path, odd: int) -> None:
        """Unusual values are written: failures, no fitness, quotes, line breaks, long numbers."""
        _tell(make_sink(tmp_path), [odd_records()[odd]])

    def test_what_it_is_told_is_left_alone(self, make_sink: MakeSink, tmp_path: Path) -> None:
        """A sink does not change the records: other sinks get the same objects."""
        told, plan = [*records(), *odd_records()], deepcopy(dict(PLAN))
        kept = deepcopy(told)
        sink = make_sink(tmp_path)
        sink.start("trend-1", plan)
        for record in told:
            sink.trial(record)
        sink.close()
        assert told == kept
        assert plan == PLAN


def records() -> list[TrialRecord]:
    """Return six trials of two searches; one failed, one violates a constraint."""
    scores = [
        Score(1.5, 1.5),
        Score(reasons=("division by zero",), failure="strategy error"),
        Score(-0.25, -0.25, 0.5, (Violation("Total Orders >= 30", 0.5),)),
        Score(0.0, 0.0, values={"calmar": 0.0}),
    ]
    first = [_record(1, number, score) for number, score in enumerate(scores, 1)]
    return [*first, _record(2, 1, Score(2.0, -2.0)), _record(2, 2, Score(reasons=("none",)))]


def odd_records() -> list[TrialRecord]:
    """Return trials with unusual values."""
    plain = Trial(1, "lhs", (), "", Score(1.0, 1.0))
    texts = 'a "quoted", comma; \n line — 株 ✓ \x00'
    odd = Trial(1, "stage, “odd”", (0,), texts, Score(reasons=(texts,), failure="timeout"))
    tiny = Score(5e-324, 5e-324, values={texts: -0.0}, violations=(Violation(texts, 1e300),))
    return [
        TrialRecord(1, plain, {}, {}),
        TrialRecord(1, odd, {texts: texts}, {texts: None}),
        TrialRecord(1, odd, {"x": True, "y": False}, {"default": {}}),
        TrialRecord(1, plain, {"x": 10**30, "y": Decimal("0.10")}, {"default": {texts: texts}}),
        TrialRecord(
            1,
            Trial(2**31, "lhs", (1, 2), "step", tiny),
            {"x": Decimal("1E-28"), "y": -1},
            {"a": {"Net Profit": None, "Sharpe Ratio": -1e300}, "b": None},
        ),
    ]


def _record(search: int, number: int, score: Score) -> TrialRecord:
    trial = Trial(number, "lhs", (number, 1), "random design", score)
    parameters: dict[str, Value] = {"fast": 5 * number, "stop": Decimal("0.01"), "exit": "close"}
    failed = score.failure is not None
    statistics = None if failed else {"Net Profit": 0.1 * number, "Total Orders": 12.0}
    return TrialRecord(search, trial, parameters, {"default": statistics})


def _tell(sink: Sink, told: list[TrialRecord]) -> None:
    sink.start("trend-1", PLAN)
    for record in told:
        sink.trial(record)
    sink.close()


def _tell_and_die(make_sink: MakeSink, folder: Path, told: list[TrialRecord]) -> None:
    """Start a run in a child process that exits without closing anything."""
    with warnings.catch_warnings():
        # About other threads, which the child does not need.
        warnings.simplefilter("ignore", DeprecationWarning)
        child = os.fork()
    if child == 0:
        code = 1
        try:
            sink = make_sink(folder)
            sink.start("trend-1", PLAN)
            for record in told:
                sink.trial(record)
            code = 0
        finally:
            os._exit(code)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0, "the first run failed"


def _files(folder: Path) -> object:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }
