"""The contract of an engine: tests in which its own harness answers its requests."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

import pytest
from attrs import astuple, evolve

from leanopt_core.check import Status, examine
from leanopt_core.content import hash_present
from leanopt_core.data_files import outside, pattern_errors
from leanopt_core.engines.base import (
    Build,
    ChecksStrategy,
    Engine,
    HasDoctorChecks,
    HasFingerprint,
    HasScenarioFiles,
    KnowsStatistics,
    PrepareContext,
    TriesStrategy,
)
from leanopt_core.errors import StrategyError
from leanopt_core.executors.base import Executor
from leanopt_core.executors.process import ProcessExecutor
from leanopt_core.harness.events import Hello
from leanopt_core.options import ProcessOptions
from leanopt_core.outputs import ClosedTrade
from leanopt_core.space import Value
from leanopt_core.statistics import Statistics
from leanopt_core.testing import engine_rules as rules
from leanopt_core.testing.limits import LimitedKit
from leanopt_core.testing.preparing import Preparing, without_files
from leanopt_core.work import PLACEHOLDERS, REQUEST, Backtest, Outcome, Request, Scenario

PLACE = re.compile("[a-z][a-z0-9_]*")
OWNED = frozenset({"python", "scratch", "request"})
NOTHING: frozenset[str] = frozenset()
EVERYTHING = frozenset({"equity", "trades"})
HELLOS = (Hello(), Hello(protocol=1, abilities=frozenset({"inline", "config", "scenario"})))

Parameters = Sequence[Mapping[str, Value]]


class EngineContract(LimitedKit):
    """Inherit and override `engine`, for a small working strategy, and `strategy_file`, its file.

    The strategy is backtested with each of `parameters` under `scenario`, on `executor`; override
    these if yours needs others. Override `other_scenarios` if the engine has a use for scenarios.
    """

    #: The outputs that the strategy has, some of `equity` and `trades`.
    outputs: Collection[str] = ()

    @pytest.fixture
    def engine(self) -> Engine:
        """Override: return the engine, for a working strategy."""
        raise NotImplementedError("override the fixture `engine`")

    @pytest.fixture
    def strategy_file(self) -> Path:
        """Override: return a text file of the strategy, without which it cannot run.

        Tests append an empty line to it, empty it, and remove it.
        """
        raise NotImplementedError("override the fixture `strategy_file`")

    @pytest.fixture
    def parameters(self) -> Parameters:
        """Return parameter sets for which the strategy completes with different statistics."""
        return ({"x": 1}, {"x": 2}, {"x": 3})

    @pytest.fixture
    def scenario(self) -> Scenario:
        """Return the scenario of the backtests."""
        return Scenario()

    @pytest.fixture
    def other_scenarios(self) -> Sequence[Scenario]:
        """Return scenarios that differ from `scenario` in one thing each that decides results."""
        return ()

    @pytest.fixture
    def executor(self, tmp_path: Path) -> Iterator[Executor]:
        """Return the executor: processes on this machine."""
        executor = ProcessExecutor(ProcessOptions(), tmp_path)
        yield executor
        executor.close()

    @pytest.fixture
    def backtests(self, parameters: Parameters, scenario: Scenario) -> list[Backtest]:
        """Return the backtests of the parameter sets."""
        return [Backtest(f"key {n}", one, scenario) for n, one in enumerate(parameters)]

    @pytest.fixture
    def context(self, parameters: Parameters, scenario: Scenario) -> PrepareContext:
        """Return the context that the strategy is prepared for."""
        return PrepareContext(tuple(parameters[0]), (scenario,))

    @pytest.fixture
    def preparing(self, engine: Engine, executor: Executor, context: PrepareContext) -> Preparing:
        """Return the engine with its calls limited and its answers checked."""
        return Preparing(self.limits({}).of(engine), executor, context)

    @pytest.fixture
    def build(self, preparing: Preparing) -> Build:
        """Return the prepared strategy."""
        return preparing.prepare()

    def test_what_is_built(self, build: Build, context: PrepareContext) -> None:
        """A build has names and hashes, and a launch whose mounts exist."""
        for name, rule in (
            ("strategy", rules.STRATEGY),
            ("source", rules.SOURCE),
            ("identity", rules.IDENTITY),
        ):
            found = getattr(build, name)
            told = f"{name}: {rule}; it is {found!r}"
            assert isinstance(found, str), told
            assert found, told
        command = build.launch.command
        words = bool(command) and all(isinstance(word, str) for word in command)
        assert words, f"command: {rules.COMMAND}; it is {command!r}"
        names = [mount.name for mount in build.launch.mounts]
        told = f"mounts: {rules.MOUNT_NAME}; they are {names}"
        assert len(names) == len(set(names)), told
        assert all(PLACE.fullmatch(name) and name not in OWNED for name in names), told
        absent = [str(one.source) for one in build.launch.mounts if not one.source.exists()]
        assert absent == [], f"mounts: {rules.MOUNTS}; they do not exist: {absent}"
        reads = build.reads
        readable = reads is None or set(context.parameters) <= set(reads)
        assert readable, f"reads: {rules.READS}; it is {reads}, for {context.parameters}"
        lines = all(note.strip() and "\n" not in note for note in build.notes)
        assert lines, f"notes: {rules.NOTES}; they are {build.notes}"

    def test_the_same_is_built_again(self, preparing: Preparing, build: Build) -> None:
        """Preparing the same strategy again gives the same identity."""
        again = preparing.prepare()
        for name, rule in (("source", rules.SOURCE), ("identity", rules.IDENTITY)):
            told = f"{name}: {rule}; the same strategy has another one when prepared again"
            assert getattr(again, name) == getattr(build, name), told

    def test_an_edit_is_another_source(
        self, preparing: Preparing, build: Build, strategy_file: Path
    ) -> None:
        """An edited strategy has another source, so that no older backtest answers for it."""
        text = strategy_file.read_bytes()
        strategy_file.write_bytes(text + b"\n")
        edited = preparing.prepare()
        assert edited.source != build.source, f"source: {rules.SOURCE}; an edit does not change it"
        told = f"strategy: {rules.STRATEGY}; it was {build.strategy!r}, now {edited.strategy!r}"
        assert edited.strategy == build.strategy, told
        strategy_file.write_bytes(text)
        restored = preparing.prepare()
        told = f"source: {rules.SOURCE}; with the old text back, it is not the old one"
        assert restored.source == build.source, told

    @pytest.mark.parametrize("left", ["an empty file", "no file"])
    def test_without_its_code_there_is_no_result(
        self,
        preparing: Preparing,
        build: Build,
        backtests: list[Backtest],
        strategy_file: Path,
        left: str,
    ) -> None:
        """Without the file preparing fails; with an empty one preparing or every backtest does."""
        assert build.source, f"source: {rules.SOURCE}; it is {build.source!r}"
        strategy_file.write_bytes(b"")
        if left == "no file":
            strategy_file.unlink()
        stale = preparing.attempt(left)
        if stale is None:
            return
        assert left != "no file", f"prepare: {rules.CANNOT}; with {left} it raised nothing"
        found = preparing.results(stale, [(one, NOTHING) for one in backtests])
        assert found == [], f"{rules.OBEYS}; with {left} it still gives {found}"

    def test_the_place_is_in_the_identity_alone(self, preparing: Preparing, build: Build) -> None:
        """Another runtime gives another content key and the same search plan."""
        elsewhere = preparing.prepare({**preparing.executor.runtime(), "kit": "elsewhere"})
        told = f"source: {rules.SOURCE}; it differs in another runtime"
        assert elsewhere.source == build.source, told
        told = f"identity: {rules.IDENTITY}; it is the same in another runtime"
        assert elsewhere.identity != build.identity, told

    def test_what_doctor_is_told(self, preparing: Preparing, build: Build) -> None:
        """The engine's own checks, if any, find no error for a working strategy."""
        engine = preparing.engine
        if not isinstance(engine, HasDoctorChecks):
            return  # the engine has no checks
        checks = engine.checks(preparing.executor.run_command, preparing.context)
        names = [check.name for check in checks]
        told = f"checks: {rules.CHECKS}; for {build.strategy} they are {names}"
        assert len(set(names)) == len(names), told
        known = {"interpreter", "data", *names}
        needed = {need for check in checks for need in check.needs}
        assert needed <= known, f"{told}; nothing is called {sorted(needed - known)}"
        lines = list(examine(checks))
        assert {line.name for line in lines} == set(names), told
        wrong = [line for line in lines if line.status is Status.WRONG]
        assert wrong == [], f"{told}; for a strategy that works they find {wrong}"

    def test_what_check_is_told(self, preparing: Preparing) -> None:
        """The engine's check finds no error in a working strategy, without running it."""
        engine = preparing.engine
        if not isinstance(engine, ChecksStrategy):
            return  # the engine has no check for `leanopt check`
        found = list(engine.check(preparing.context))
        assert found == [], f"check: {rules.CHECK}; for a strategy that works it found {found}"

    def test_what_an_import_tells(self, preparing: Preparing) -> None:
        """Importing a working strategy for `leanopt check` finds no error."""
        engine = preparing.engine
        if not isinstance(engine, TriesStrategy):
            return  # the engine imports nothing for `leanopt check`
        runtime = preparing.executor.runtime()
        found = list(engine.try_out(preparing.executor.run_command, runtime))
        told = f"try_out: {rules.TRY_OUT}; for a strategy that works it found {found}"
        assert found == [], told

    def test_data_is_there(self, preparing: Preparing) -> None:
        """The data is an existing folder or file, or None; each pattern fits a file of it."""
        data, patterns = preparing.engine.data, preparing.engine.data_files
        there = data is None or data.exists()
        assert there, f"data: {rules.DATA}; it is {data!r}, which does not exist"
        told = f"data_files: {rules.DATA_FILES}; they are {patterns!r}"
        assert patterns is None or not isinstance(patterns, str), told
        found = [] if data is None else pattern_errors(data, patterns or ())
        assert found == [], f"{told}: {found}"

    @pytest.mark.usefixtures("build")
    def test_data_files_of_a_scenario(self, preparing: Preparing, scenario: Scenario) -> None:
        """The files of a scenario, if the engine knows them, lie below its data."""
        engine = preparing.engine
        if not isinstance(engine, HasScenarioFiles):
            return  # the engine does not tell
        found = engine.scenario_files(scenario)
        told = f"scenario_files: {rules.SCENARIO_FILES}; they are {found!r}"
        assert engine.scenario_files(scenario) == found, told
        if found.patterns is None:
            return
        assert not any(outside(one) for one in found.patterns), told
        assert engine.data is not None, f"{told}, without data"
        assert hash_present(engine.data, found.patterns)[1] > 0, f"{told}, and none exists"

    @pytest.mark.parametrize("outputs", [NOTHING, EVERYTHING])
    @pytest.mark.parametrize("hello", HELLOS)
    def test_requests(
        self,
        preparing: Preparing,
        build: Build,
        backtests: list[Backtest],
        outputs: frozenset[str],
        hello: Hello,
    ) -> None:
        """A request is a line of JSON without an id, with valid files and placeholders."""
        places = {*PLACEHOLDERS, REQUEST[1:-1], *(mount.name for mount in build.launch.mounts)}
        for backtest in backtests:
            request = preparing.request(backtest, outputs, hello)
            _check_payload(request)
            told = f"outputs: {rules.OUTPUTS}; they are {set(request.outputs)}, not {set(outputs)}"
            assert request.outputs == outputs, told
            _check_placeholders(request, places)
            again = preparing.request(backtest, outputs, hello)
            assert again == request, f"request: {rules.REQUEST}; the next one is another: {again}"

    @pytest.mark.usefixtures("build")
    @pytest.mark.parametrize("hello", HELLOS)
    def test_parameters_reach_the_request(
        self, preparing: Preparing, backtests: list[Backtest], hello: Hello
    ) -> None:
        """Different parameters give different requests, in payload or files."""
        told = [_told(preparing.request(backtest, NOTHING, hello)) for backtest in backtests]
        new = all(one not in told[:number] for number, one in enumerate(told))
        assert new, f"request: {rules.OBEYS}; other parameters give the same request: {told[0]}"

    @pytest.mark.usefixtures("build")
    @pytest.mark.parametrize("hello", HELLOS)
    def test_scenarios_reach_the_request(
        self,
        preparing: Preparing,
        backtests: list[Backtest],
        other_scenarios: Sequence[Scenario],
        hello: Hello,
    ) -> None:
        """Another scenario gives another request, unless the harness cannot set it."""
        first = _told(preparing.request(backtests[0], NOTHING, hello))
        for scenario in other_scenarios:
            other = evolve(backtests[0], scenario=scenario)
            try:
                found = _told(preparing.engine.request(other, NOTHING, hello))
            except StrategyError:
                continue
            assert found != first, f"request: {rules.OBEYS}; {scenario} changes nothing"

    def test_round_trip(
        self, preparing: Preparing, build: Build, backtests: list[Backtest]
    ) -> None:
        """Each backtest completes with statistics, the same on every worker and every time."""
        outcomes = preparing.run(build, [(one, NOTHING) for one in backtests] * 3)
        for outcome in outcomes:
            told = f"it gave {outcome}"
            assert outcome.failure is None, f"{rules.OBEYS}; {told}"
            assert outcome.statistics is not None, f"{rules.OUTCOME}; {told}"
            assert outcome.statistics.values, f"{rules.OUTCOME}; {told}"
            unknown = _unknown(preparing.engine, outcome.statistics)
            assert not unknown, f"reported_statistics: {rules.STATISTICS}; it lacks {unknown}"
        for number, first in enumerate(outcomes[: len(backtests)]):
            others = [one for one in outcomes[number :: len(backtests)] if one != first]
            assert others == [], f"{rules.READ}; first {first}, then {others}"
        found = [outcome.statistics for outcome in outcomes]
        differ = any(one != found[0] for one in found)
        told = f"all of {[dict(one.parameters) for one in backtests]} give {found[0]}"
        assert differ, f"{rules.OBEYS}; {told}"

    def test_outputs(self, preparing: Preparing, build: Build, backtests: list[Backtest]) -> None:
        """Equity and trades, if any, are well formed; statistics stay the same."""
        both = [(backtests[0], outputs) for outputs in (NOTHING, EVERYTHING)]
        plain, full = preparing.run(build, both)
        assert full.failure is None, f"outputs: {rules.OUTPUTS}; with all it gave {full.failure}"
        told = f"outputs: {rules.OUTPUTS}; with them the statistics are others"
        assert full.statistics == plain.statistics, told
        missing = [name for name in self.outputs if not getattr(full, name)]
        assert missing == [], f"outputs: {rules.OUTPUTS}; it has no {missing}"
        _check_outputs(full)

    def test_what_was_read_is_named(
        self, preparing: Preparing, build: Build, backtests: list[Backtest]
    ) -> None:
        """The names of read parameters, if reported, are right."""
        (outcome,) = preparing.run(build, [(backtests[0], NOTHING)])
        read = outcome.read
        assert "" not in (read or ()), f"read: {rules.ASKED}; it is {read!r}"

    def test_a_fingerprint_is_of_the_backtest(
        self, preparing: Preparing, build: Build, backtests: list[Backtest]
    ) -> None:
        """Fingerprints are equal on every worker and every time; an error has none."""
        engine = preparing.engine
        if not isinstance(engine, HasFingerprint):
            return  # the engine has no fingerprints
        with preparing.answered(build, [(one, NOTHING) for one in backtests] * 2) as made:
            found = [engine.fingerprint(answer) for answer in made]
        told = f"fingerprint: {rules.FINGERPRINT}; they are {found}"
        assert "" not in found, told
        assert found[: len(backtests)] == found[len(backtests) :], told
        failed = engine.fingerprint(without_files(status="error", message="no bars for SPY"))
        assert failed is None, f"fingerprint: {rules.FINGERPRINT}; an error has {failed!r}"

    def test_an_error_is_a_failure(self, preparing: Preparing, backtests: list[Backtest]) -> None:
        """An error answer is a failure with the harness's message, every time it is read."""
        answer = without_files(status="error", message="no bars for SPY")
        outcome = preparing.read(answer, backtests[0], NOTHING)
        told = f"it gave {outcome} for an error with the message 'no bars for SPY'"
        assert outcome.failure is not None, f"{rules.OUTCOME}; {told}"
        message = outcome.failure.message
        assert "no bars for SPY" in message, f"message: {rules.MESSAGE}; {told}"

    @pytest.mark.parametrize(
        "payload",
        [
            {},
            {"status": "complete"},
            {"status": "complete", "statistics": None},
            {"status": "complete", "statistics": [1, 2]},
            {"status": "perhaps", "statistics": {"Net Profit": 1.0}},
            {"statistics": {"Net Profit": 1.0}},
            {"status": "error", "statistics": {"Net Profit": 1.0}},
        ],
    )
    def test_no_silent_success(
        self, preparing: Preparing, backtests: list[Backtest], payload: dict[str, Any]
    ) -> None:
        """An answer without a usable result is a failure or raises; it never counts."""
        try:
            outcome = preparing.engine.read(without_files(**payload), backtests[0], NOTHING)
        except Exception:  # noqa: BLE001 - whatever it raises counts as an engine error
            return
        told = f"for the answer {payload} it gave {outcome}"
        assert outcome.statistics is None, f"{rules.OUTCOME}; {told}"
        assert outcome.failure is not None, f"{rules.OUTCOME}; {told}"
        assert outcome.failure.message, f"message: {rules.MESSAGE}; {told}"

    @pytest.mark.parametrize("value", [math.nan, math.inf, "NaN"])
    def test_numbers_are_finite(
        self, preparing: Preparing, backtests: list[Backtest], value: float | str
    ) -> None:
        """NaN and infinity in an answer do not become numbers of the outcome."""
        answer = without_files(status="complete", statistics={"Net Profit": value})
        try:
            outcome = preparing.engine.read(answer, backtests[0], NOTHING)
        except Exception:  # noqa: BLE001 - whatever it raises counts as an engine error
            return
        found = outcome.statistics and outcome.statistics.get("Net Profit")
        assert found is None, f"{rules.NUMBERS}; a net profit of {value} is read as {found}"


def _check_payload(request: Request) -> None:
    """Fail unless the payload is one line with an object that has no id."""
    told = f"payload: {rules.PAYLOAD}; it is {request.payload!r:.300}"
    assert "\n" not in request.payload, told
    try:
        members = json.loads(request.payload)
    except ValueError as error:
        raise AssertionError(f"{told}: {error}") from error
    assert isinstance(members, dict), told
    assert "id" not in members, told


def _check_placeholders(request: Request, places: Collection[str]) -> None:
    """Fail unless each placeholder is there, and names a place; and files stay in their folder."""
    texts = (request.payload, *request.files.values())
    for placeholder in request.placeholders:
        told = f"placeholders: {rules.PLACEHOLDERS}; this one does not fit: {placeholder!r}"
        assert any(json.dumps(placeholder) in text for text in texts), told
        assert any(f"{{{name}}}" in placeholder for name in places), told
    for name in request.files:
        path = PurePosixPath(name)
        inside = not path.is_absolute() and ".." not in path.parts
        assert inside, f"files: {rules.FILES}; {name!r} is elsewhere"


def _unknown(engine: object, found: Statistics) -> list[str]:
    """Return the names of statistics that the engine, if it tells, does not know."""
    names = engine.reported_statistics() if isinstance(engine, KnowsStatistics) else None
    return [] if names is None else sorted({*found.values} - {*names})


def _told(request: Request) -> tuple[str, list[tuple[str, str]]]:
    """Return what a harness is told."""
    return request.payload, sorted(request.files.items())


def _check_outputs(outcome: Outcome) -> None:
    """Fail unless the curve and the trades are well formed."""
    if outcome.equity is not None:
        times, values = list(outcome.equity.times), list(outcome.equity.values)
        told = f"equity: {rules.TIMES}; {len(values)} values at {times[:5]} ..."
        assert len(times) == len(values), told
        assert times == sorted(set(times)), told
        assert all(map(math.isfinite, values)), f"equity: {rules.NUMBERS}"
    trades = outcome.trades or ()
    closed = all(isinstance(trade, ClosedTrade) for trade in trades)
    assert closed, f"trades: {rules.OUTPUTS}; they are {list(trades)[:2]} ..."
    figures = [figure for trade in trades for figure in astuple(trade)]
    numbers = [one for one in figures if one is not None and not isinstance(one, str)]
    assert all(map(math.isfinite, numbers)), f"trades: {rules.NUMBERS}"
