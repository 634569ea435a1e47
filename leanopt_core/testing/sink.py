"""The contract of a result sink: tests."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from copy import deepcopy
from decimal import Decimal
from itertools import zip_longest
from pathlib import Path

import pytest
from attrs import evolve

from leanopt_core.sinks.base import TrialRecord
from leanopt_core.space import Value
from leanopt_core.testing import sink_rules as rules
from leanopt_core.testing.limits import LimitedKit
from leanopt_core.testing.telling import MakeSink, Teller, a_plan, begin, finish
from leanopt_core.trial import Score, Trial, Violation

Written = Callable[[Path], object]

#: How to show what a sink writes elsewhere.
HINT = (
    "if it writes elsewhere than below its folder, override the fixture `written` and return what "
    "it wrote there"
)


class SinkContract(LimitedKit):
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

    @pytest.fixture
    def read(self, written: Written) -> Written:
        """Return `written`, which fails with the rule if it finds nothing to read."""

        def read(folder: Path) -> object:
            try:
                return written(folder)
            except (OSError, ValueError) as error:
                told = f"{type(error).__name__}: {error}"
                raise AssertionError(f"{rules.WRITES}; reading it raised {told}") from error

        return read

    @pytest.fixture
    def teller(self, make_sink: MakeSink) -> Iterator[Teller]:
        """Return what tells sinks runs, each call limited."""
        teller = Teller(make_sink, self.limits({}))
        yield teller
        teller.close()

    @pytest.mark.parametrize("trials", [0, 1, 6])
    @pytest.mark.parametrize("state", ["finished", "interrupted", "failed"])
    def test_a_whole_run(self, teller: Teller, tmp_path: Path, trials: int, state: str) -> None:
        """A sink takes a run with trials, or none, whatever its end."""
        teller.tell(tmp_path, records()[:trials], state=state)

    def test_every_trial_is_written(self, teller: Teller, read: Written, tmp_path: Path) -> None:
        """Each trial leaves something that can be read back."""
        before: object = None
        for trials in range(len(records()) + 1):
            folder = _folder(tmp_path, f"{trials}")
            teller.tell(folder, records()[:trials])
            after = read(folder)
            more = trials == 0 or after != before
            assert more, f"{rules.WRITES}; trial {trials} of 6 left nothing ({HINT})"
            before = after

    @pytest.mark.parametrize("place", range(6))
    def test_trials_are_told_apart(
        self, teller: Teller, read: Written, tmp_path: Path, place: int
    ) -> None:
        """Another trial, different in everything, leaves another output."""
        one, other = _folder(tmp_path, "one"), _folder(tmp_path, "other")
        told = records()
        teller.tell(one, told)
        told[place] = _another(told[place])
        teller.tell(other, told)
        same = f"with another trial {place + 1} of 6 the output is the same ({HINT})"
        assert read(one) != read(other), f"{rules.WRITES}; {same}"

    def test_builds_without_touching_what_is_there(
        self, teller: Teller, read: Written, tmp_path: Path
    ) -> None:
        """Building a sink makes no files and keeps an earlier run's; only `start` replaces them."""
        teller.make(tmp_path)
        made = list(_files(tmp_path))
        assert made == [], f"{rules.BUILDING}; it made {made}"
        teller.tell(tmp_path, records())
        before = read(tmp_path)
        teller.make(tmp_path)
        assert read(tmp_path) == before, f"{rules.BUILDING}; it changed what was written before"

    def test_two_beside_each_other(self, teller: Teller, read: Written, tmp_path: Path) -> None:
        """Two sinks that are told in turn write what each would alone."""
        folders = [_folder(tmp_path, name) for name in ("one", "other")]
        runs = [records(), records()[:3]]
        both = [begin(teller.make(folder), run) for folder, run in zip(folders, runs, strict=True)]
        told = [sink for turn in zip_longest(*both) for sink in turn if sink is not None]
        for sink in dict.fromkeys(told):
            finish(sink)
        for folder, run in zip(folders, runs, strict=True):
            alone = _folder(folder, "alone")
            found = read(folder)
            teller.tell(alone, run)
            assert found == read(alone), f"{rules.BESIDE}; two sinks got in each other's way"

    @pytest.mark.parametrize("told", [0, 1, 4, 6])
    @pytest.mark.parametrize("end", ["killed", "interrupted"])
    def test_a_resumed_run(
        self, teller: Teller, read: Written, tmp_path: Path, told: int, end: str
    ) -> None:
        """After a crash and a resume, every trial is written exactly once.

        An `only_new` sink gets the rest of the trials: what it took must be written when `trial`
        returns. Other sinks get all of them again.
        """
        whole, resumed = _folder(tmp_path, "whole"), _folder(tmp_path, "resumed")
        teller.tell(whole, records())
        if end == "killed":
            teller.tell_and_die(resumed, records()[:told])
        else:
            teller.tell(resumed, records()[:told], state="interrupted")
        again = records()[told:] if self.only_new else records()
        teller.tell(resumed, again, resumed=True)
        rule = rules.TAKEN if self.only_new else rules.RESUMED
        differs = f"{end} after {told} trials and resumed, a run left another output"
        assert read(resumed) == read(whole), f"{rule}; {differs}"

    def test_a_shorter_run_replaces_a_longer_one(
        self, teller: Teller, read: Written, tmp_path: Path
    ) -> None:
        """Starting the run again leaves nothing of its earlier output."""
        if self.only_new:
            pytest.skip("an `only_new` sink keeps what it wrote before")
        short, again = _folder(tmp_path, "short"), _folder(tmp_path, "again")
        teller.tell(short, records()[:2])
        teller.tell(again, records())
        teller.tell(again, records()[:2], resumed=True)
        assert read(again) == read(short), f"{rules.RESUMED}; the longer run's output is left"

    @pytest.mark.parametrize("odd", range(5))
    def test_odd_values_are_taken(
        self, teller: Teller, read: Written, tmp_path: Path, odd: int
    ) -> None:
        """Unusual values are written: failures, no fitness, quotes, line breaks, long numbers."""
        none, one = _folder(tmp_path, "none"), _folder(tmp_path, "one")
        record = odd_records()[odd]
        teller.tell(none, [])
        teller.tell(one, [record])
        assert read(one) != read(none), f"{rules.WRITES}; {record} left nothing ({HINT})"

    def test_what_it_is_told_is_left_alone(self, teller: Teller, tmp_path: Path) -> None:
        """A sink does not change the records: other sinks get the same objects."""
        told, plan = [*records(), *odd_records()], a_plan()
        kept = deepcopy(told)
        teller.tell(tmp_path, told, plan=plan)
        assert told == kept, f"{rules.FROZEN}; it changed a record"
        assert plan == a_plan(), f"{rules.FROZEN}; it changed the plan"


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


def _another(record: TrialRecord) -> TrialRecord:
    """Return a trial that differs in everything but its number."""
    score = Score(7.25, 7.25, values={"calmar": 7.25})
    trial = evolve(record.trial, stage="grid", point=(9, 9), origin="another", score=score)
    parameters: dict[str, Value] = {"fast": 99, "stop": Decimal("0.99"), "exit": "trail"}
    return TrialRecord(record.search, trial, parameters, {"default": {"Net Profit": 9.5}})


def _files(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }
