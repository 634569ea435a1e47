"""The contract of an engine: tests in which its own harness answers its requests."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO

import pytest
from attrs import astuple

from leanopt_core.check import Status, examine
from leanopt_core.engines.base import (
    Build,
    Engine,
    HasCheck,
    HasChecks,
    HasFingerprint,
    PrepareContext,
)
from leanopt_core.executors.base import Executor
from leanopt_core.executors.pool import Pool
from leanopt_core.executors.process import ProcessExecutor
from leanopt_core.harness.events import Hello
from leanopt_core.options import ProcessOptions
from leanopt_core.outputs import ClosedTrade
from leanopt_core.space import Value
from leanopt_core.testing.lines import ask, greet
from leanopt_core.work import PLACES, REQUEST, Answer, Backtest, Outcome, Scenario

PLACE = re.compile("[a-z][a-z0-9_]*")
NOTHING: frozenset[str] = frozenset()
EVERYTHING = frozenset({"equity", "trades"})
HELLOS = (Hello(), Hello(protocol=1, abilities=frozenset({"inline", "config", "scenario"})))

Parameters = Sequence[Mapping[str, Value]]
Wanted = Sequence[tuple[Backtest, frozenset[str]]]


class EngineContract:
    """Inherit and override `engine`, for a small working strategy, and `strategy_file`, its file.

    The strategy is backtested with each of `parameters` under `scenario`, on `executor`; override
    these if yours needs others.
    """

    @pytest.fixture
    def engine(self) -> Engine:
        """Override: return the engine, for a working strategy."""
        raise NotImplementedError("override the fixture `engine`")

    @pytest.fixture
    def strategy_file(self) -> Path:
        """Override: return a text file of the strategy; a test appends an empty line to it."""
        raise NotImplementedError("override the fixture `strategy_file`")

    @pytest.fixture
    def parameters(self) -> Parameters:
        """Return different parameter sets for which the strategy completes."""
        return ({"x": 1}, {"x": 2}, {"x": 3})

    @pytest.fixture
    def scenario(self) -> Scenario:
        """Return the scenario of the backtests."""
        return Scenario()

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
    def build(self, engine: Engine, executor: Executor, context: PrepareContext) -> Build:
        """Return the prepared strategy."""
        return engine.prepare(executor.run_command, executor.runtime(), context)

    def test_what_is_built(self, build: Build) -> None:
        """A build has names and hashes, and a launch whose mounts exist."""
        assert build.strategy
        assert build.source
        assert build.identity
        assert build.launch.command
        mounts = build.launch.mounts
        names = [mount.name for mount in mounts]
        assert len(names) == len(set(names)), "mount names must be unique"
        assert all(PLACE.fullmatch(name) for name in names), "use lowercase letters, digits and _"
        assert not {*names} & {"python", "scratch", "request"}, "these names belong to the executor"
        assert all(mount.source.exists() for mount in mounts)

    def test_the_same_is_built_again(
        self, engine: Engine, executor: Executor, context: PrepareContext, build: Build
    ) -> None:
        """Preparing the same strategy again gives the same identity."""
        again = engine.prepare(executor.run_command, executor.runtime(), context)
        assert (again.strategy, again.source, again.identity) == (
            build.strategy,
            build.source,
            build.identity,
        )

    def test_an_edit_is_another_source(
        self,
        engine: Engine,
        executor: Executor,
        context: PrepareContext,
        build: Build,
        strategy_file: Path,
    ) -> None:
        """An edited strategy has another source, so that no older backtest answers for it."""
        text = strategy_file.read_bytes()
        strategy_file.write_bytes(text + b"\n")
        edited = engine.prepare(executor.run_command, executor.runtime(), context)
        assert edited.source != build.source, "source must be a hash of the strategy's files"
        strategy_file.write_bytes(text)
        restored = engine.prepare(executor.run_command, executor.runtime(), context)
        assert restored.source == build.source, "source must depend on content only"

    def test_the_place_is_in_the_identity_alone(
        self, engine: Engine, executor: Executor, context: PrepareContext, build: Build
    ) -> None:
        """Another runtime gives another content key and the same search plan."""
        runtime = {**executor.runtime(), "kit": "elsewhere"}
        elsewhere = engine.prepare(executor.run_command, runtime, context)
        assert elsewhere.source == build.source
        assert elsewhere.identity != build.identity

    def test_what_doctor_is_told(
        self, engine: Engine, executor: Executor, context: PrepareContext, build: Build
    ) -> None:
        """The engine's own checks, if any, find no error for a working strategy."""
        assert build.strategy
        if not isinstance(engine, HasChecks):
            return  # the engine has no checks
        checks = engine.checks(executor.run_command, context)
        assert len({check.name for check in checks}) == len(checks)
        known = {"interpreter", "data", *(check.name for check in checks)}
        assert all(known.issuperset(check.needs) for check in checks)
        lines = list(examine(checks))
        assert {line.name for line in lines} == {check.name for check in checks}
        assert not [line for line in lines if line.status is Status.WRONG]

    def test_what_check_is_told(self, engine: Engine, context: PrepareContext) -> None:
        """The engine's check finds no error in a working strategy, without running it."""
        if not isinstance(engine, HasCheck):
            return  # the engine has no check for `leanopt check`
        assert list(engine.check(context)) == []

    def test_data_is_there(self, engine: Engine) -> None:
        """The data is an existing folder or file, or None."""
        assert engine.data is None or engine.data.exists()

    @pytest.mark.parametrize("outputs", [NOTHING, EVERYTHING])
    @pytest.mark.parametrize("hello", HELLOS)
    def test_requests(
        self,
        engine: Engine,
        build: Build,
        backtests: list[Backtest],
        outputs: frozenset[str],
        hello: Hello,
    ) -> None:
        """A request is a line of JSON without an id, with valid files and placeholders."""
        places = {*PLACES, REQUEST[1:-1], *(mount.name for mount in build.launch.mounts)}
        for backtest in backtests:
            request = engine.request(backtest, outputs, hello)
            assert "\n" not in request.payload
            members = json.loads(request.payload)
            assert isinstance(members, dict)
            assert "id" not in members, "the pool adds the id"
            assert request.outputs == outputs
            texts = (request.payload, *request.files.values())
            for placeholder in request.placeholders:
                assert any(json.dumps(placeholder) in text for text in texts)
                assert any(f"{{{name}}}" in placeholder for name in places)
            for name in request.files:
                path = PurePosixPath(name)
                assert not path.is_absolute()
                assert ".." not in path.parts
            assert engine.request(backtest, outputs, hello) == request

    @pytest.mark.usefixtures("build")
    @pytest.mark.parametrize("hello", HELLOS)
    def test_parameters_reach_the_request(
        self, engine: Engine, backtests: list[Backtest], hello: Hello
    ) -> None:
        """Different parameters give different requests, in payload or files."""
        requests = [engine.request(backtest, NOTHING, hello) for backtest in backtests]
        told = [(one.payload, sorted(one.files.items())) for one in requests]
        assert all(one not in told[:number] for number, one in enumerate(told))

    def test_round_trip(
        self, engine: Engine, executor: Executor, build: Build, backtests: list[Backtest]
    ) -> None:
        """Each backtest completes with statistics, the same on every worker and every time."""
        outcomes = _run(engine, executor, build, [(one, NOTHING) for one in backtests] * 3)
        for outcome in outcomes:
            assert outcome.failure is None, outcome.failure
            assert outcome.statistics is not None
            assert outcome.statistics.values
        for number, first in enumerate(outcomes[: len(backtests)]):
            assert all(again == first for again in outcomes[number :: len(backtests)])

    def test_outputs(
        self, engine: Engine, executor: Executor, build: Build, backtests: list[Backtest]
    ) -> None:
        """Equity and trades, if any, are well formed; statistics stay the same."""
        both = [(backtests[0], outputs) for outputs in (NOTHING, EVERYTHING)]
        plain, full = _run(engine, executor, build, both)
        assert full.failure is None, full.failure
        assert full.statistics == plain.statistics
        if full.equity is not None:
            times, values = list(full.equity.times), list(full.equity.values)
            assert len(times) == len(values)
            assert times == sorted(set(times))
            assert all(math.isfinite(value) for value in values)
        trades = full.trades or ()
        assert all(isinstance(trade, ClosedTrade) for trade in trades)
        figures = [figure for trade in trades for figure in astuple(trade)]
        numbers = [one for one in figures if one is not None and not isinstance(one, str)]
        assert all(map(math.isfinite, numbers))

    def test_what_was_read_is_named(
        self, engine: Engine, executor: Executor, build: Build, backtests: list[Backtest]
    ) -> None:
        """The names of read parameters, if reported, are right."""
        (outcome,) = _run(engine, executor, build, [(backtests[0], NOTHING)])
        assert "" not in (outcome.read or ())

    def test_a_fingerprint_is_of_the_backtest(
        self, engine: Engine, executor: Executor, build: Build, backtests: list[Backtest]
    ) -> None:
        """Fingerprints are equal on every worker and every time; an error has none."""
        if not isinstance(engine, HasFingerprint):
            return  # the engine has no fingerprints
        with _answered(engine, executor, build, [(one, NOTHING) for one in backtests] * 2) as made:
            found = [engine.fingerprint(answer) for answer in made]
        assert "" not in found
        assert found[: len(backtests)] == found[len(backtests) :]
        failed = Answer({"id": "1", "status": "error", "message": "no bars for SPY"}, _Empty())
        assert engine.fingerprint(failed) is None

    def test_an_error_is_a_failure(self, engine: Engine, backtests: list[Backtest]) -> None:
        """An error answer is a failure with the harness's message, every time it is read."""
        answer = Answer({"id": "1", "status": "error", "message": "no bars for SPY"}, _Empty())
        outcome = engine.read(answer, backtests[0], NOTHING)
        assert outcome.statistics is None
        assert outcome.failure is not None
        assert "no bars for SPY" in outcome.failure.message
        assert engine.read(answer, backtests[0], NOTHING) == outcome

    @pytest.mark.parametrize(
        "payload",
        [
            {},
            {"status": "complete"},
            {"status": "complete", "statistics": None},
            {"status": "complete", "statistics": [1, 2]},
            {"status": "perhaps", "statistics": {"Net Profit": 1.0}},
            {"statistics": {"Net Profit": 1.0}},
        ],
    )
    def test_no_silent_success(
        self, engine: Engine, backtests: list[Backtest], payload: dict[str, Any]
    ) -> None:
        """An answer without a usable result is a failure or raises; it never counts."""
        try:
            answer = Answer({"id": "1", **payload}, _Empty())
            outcome = engine.read(answer, backtests[0], NOTHING)
        except Exception:  # noqa: BLE001 - whatever it raises counts as an engine error
            return
        assert outcome.statistics is None
        assert outcome.failure is not None
        assert outcome.failure.message


def _run(engine: Engine, executor: Executor, build: Build, wanted: Wanted) -> list[Outcome]:
    """Backtest on two workers and read the answers in another thread, as a run does."""
    with _answered(engine, executor, build, wanted) as answers, ThreadPoolExecutor(1) as thread:
        return list(thread.map(engine.read, answers, *zip(*wanted, strict=True)))


@contextmanager
def _answered(
    engine: Engine, executor: Executor, build: Build, wanted: Wanted
) -> Iterator[list[Answer]]:
    """Backtest on two workers; the answers' files exist until the context ends."""
    with Pool[int](executor, build.launch, workers=2) as pool:
        hello = greet(pool)
        finished = ask(pool, *(engine.request(one, outputs, hello) for one, outputs in wanted))
        for one in finished:
            assert one.answer is not None, one.failure
        yield [one.answer for one in finished if one.answer is not None]


class _Empty:
    """The empty folder of a worker."""

    def names(self) -> Sequence[str]:
        return ()

    def open(self, name: str) -> BinaryIO:
        raise FileNotFoundError(name)

    def remove(self) -> None:
        pass
