"""The contract of a result sink: tests."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Iterable, Mapping
from copy import deepcopy
from decimal import Decimal
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from leanopt_core.sinks.base import Sink, TrialRecord
from leanopt_core.space import Value
from leanopt_core.trial import Score, Trial, Violation

PLAN: Mapping[str, Any] = {"name": "trend", "seed": 7, "stages": [{"use": "lhs", "trials": 4}]}
MakeSink = Callable[[Path], Sink]
Written = Callable[[Path], object]


class SinkContract:
    """Inherit and override `make_sink`; set `only_new` as the sink's `SinkSpec` does.

    The tests read back what the sink has written: the files below its folder. Override `written`
    if it writes elsewhere or writes the time. Like leanopt, the tests build the sink on one thread
    and call it on another.
    """

    only_new = False

    @pytest.fixture
    def make_sink(self) -> MakeSink:
        """Override: return a function that builds the sink for a project's folder."""
        raise NotImplementedError("override the fixture `make_sink`")

    @pytest.fixture
    def written(self) -> Written:
        """Return a function that reads a sink's output for a project's folder."""
        return _files

    @pytest.mark.parametrize("trials", [0, 1, 6])
    @pytest.mark.parametrize("state", ["finished", "interrupted", "failed"])
    def test_a_whole_run(
        self, make_sink: MakeSink, tmp_path: Path, trials: int, state: str
    ) -> None:
        """A sink takes a run with trials, or none, whatever its end."""
        _tell(make_sink(tmp_path), records()[:trials], state=state)

    def test_every_trial_is_written(
        self, make_sink: MakeSink, written: Written, tmp_path: Path
    ) -> None:
        """Each trial leaves something that can be read back."""
        before: object = None
        for trials in range(len(records()) + 1):
            folder = _folder(tmp_path, f"{trials}")
            _tell(make_sink(folder), records()[:trials])
            after = written(folder)
            assert trials == 0 or after != before, (
                f"after trial {trials} the output is the same as before it: a sink writes every "
                "trial. If it writes elsewhere than below its folder, override the fixture "
                "`written` and return what it wrote there"
            )
            before = after

    def test_builds_without_touching_what_is_there(
        self, make_sink: MakeSink, written: Written, tmp_path: Path
    ) -> None:
        """Building a sink keeps an earlier run's results; only `start` replaces them."""
        _tell(make_sink(tmp_path), records())
        before = written(tmp_path)
        make_sink(tmp_path)
        assert written(tmp_path) == before, "building the sink changed what was written before"

    @pytest.mark.parametrize("told", [0, 1, 4, 6])
    @pytest.mark.parametrize("end", ["killed", "interrupted"])
    def test_a_resumed_run(
        self, make_sink: MakeSink, written: Written, tmp_path: Path, told: int, end: str
    ) -> None:
        """After a crash and a resume, every trial is written exactly once.

        An `only_new` sink gets the rest of the trials: what it took must be written when `trial`
        returns. Other sinks get all of them again.
        """
        whole, resumed = _folder(tmp_path, "whole"), _folder(tmp_path, "resumed")
        _tell(make_sink(whole), records())
        if end == "killed":
            _tell_and_die(make_sink, resumed, records()[:told])
        else:
            _tell(make_sink(resumed), records()[:told], state="interrupted")
        again = records()[told:] if self.only_new else records()
        _tell(make_sink(resumed), again, resumed=True)
        assert written(resumed) == written(whole), (
            f"a run that was {end} after {told} trials and resumed left other output than an "
            "undisturbed one"
        )

    def test_a_shorter_run_replaces_a_longer_one(
        self, make_sink: MakeSink, written: Written, tmp_path: Path
    ) -> None:
        """Starting the run again leaves nothing of its earlier output."""
        if self.only_new:
            pytest.skip("an `only_new` sink keeps what it wrote before")
        short, again = _folder(tmp_path, "short"), _folder(tmp_path, "again")
        _tell(make_sink(short), records()[:2])
        _tell(make_sink(again), records())
        _tell(make_sink(again), records()[:2], resumed=True)
        assert written(again) == written(short), "output of the longer run is left"

    @pytest.mark.parametrize("odd", range(5))
    def test_odd_values_are_taken(self, make_sink: MakeSink, tmp_path: Path, odd: int) -> None:
        """Unusual values are written: failures, no fitness, quotes, line breaks, long numbers."""
        _tell(make_sink(tmp_path), [odd_records()[odd]])

    def test_what_it_is_told_is_left_alone(self, make_sink: MakeSink, tmp_path: Path) -> None:
        """A sink does not change the records: other sinks get the same objects."""
        told, plan = [*records(), *odd_records()], deepcopy(dict(PLAN))
        kept = deepcopy(told)
        _tell(make_sink(tmp_path), told, plan=plan)
        assert told == kept, "the sink changed a record"
        assert plan == PLAN, "the sink changed the plan"


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


def _folder(parent: Path, name: str) -> Path:
    folder = parent / name
    folder.mkdir()
    return folder


def _tell(
    sink: Sink,
    told: Iterable[TrialRecord],
    *,
    state: str = "finished",
    resumed: bool = False,
    plan: Mapping[str, Any] = PLAN,
) -> None:
    """Tell a sink a run on a thread of its own; raises what the sink raises."""

    def tell() -> None:
        _begin(sink, told, resumed=resumed, plan=plan)
        sink.finish(state)

    _on_a_thread(tell)


def _begin(
    sink: Sink,
    told: Iterable[TrialRecord],
    *,
    resumed: bool = False,
    plan: Mapping[str, Any] = PLAN,
) -> None:
    """Tell a sink everything but the end; a search's stage ends before the next search."""
    sink.start("trend-1", plan, resumed)
    search = 1
    for record in told:
        if record.search != search:
            sink.stage(search, "lhs", "trials")
            search = record.search
        sink.trial(record)


def _on_a_thread(work: Callable[[], None]) -> None:
    raised: list[BaseException] = []

    def run() -> None:
        try:
            work()
        except BaseException as error:  # noqa: BLE001 - raised again by the test's own thread
            raised.append(error)

    thread = Thread(target=run)
    thread.start()
    thread.join()
    if raised:
        raise raised[0]


def _tell_and_die(make_sink: MakeSink, folder: Path, told: list[TrialRecord]) -> None:
    """Start a run in a child process that exits without finishing anything."""
    with warnings.catch_warnings():
        # About other threads, which the child does not need.
        warnings.simplefilter("ignore", DeprecationWarning)
        child = os.fork()
    if child == 0:
        code = 1
        try:
            sink = make_sink(folder)
            _on_a_thread(lambda: _begin(sink, told))
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
