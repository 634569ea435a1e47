"""The contract of an engine: prepare a strategy, make requests, read answers, and extras."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Protocol, runtime_checkable

from attrs import field, frozen

from leanopt_core.check import Check
from leanopt_core.harness.events import Hello
from leanopt_core.space import Value
from leanopt_core.work import (
    Answer,
    Backtest,
    Command,
    Completed,
    Launch,
    Outcome,
    Request,
    Scenario,
)

#: Runs a single command where the executor's workers run; see `Executor.run_command`.
RunCommand = Callable[[Command], Completed]

#: Shows a line to the user.
Report = Callable[[str], None]


def silent(_text: str) -> None:
    """Ignore the message."""


@frozen
class PrepareContext:
    """The input for preparing a strategy: the names of its parameters, and the scenarios.

    `values` has the possible values by parameter: a tuple, or a sequence with one step. It is empty
    if they are unknown. `allow_unread` allows parameters that the strategy never reads,
    `skip_build` an older build. `report` shows the user slow steps, such as a build. `checked`
    means that `leanopt doctor` has already run the engine's own checks. `separate` means that each
    scenario has a search of its own, so `Build.refused` can name those that cannot run.
    """

    parameters: tuple[str, ...] = ()
    scenarios: tuple[Scenario, ...] = ()
    allow_unread: bool = False
    skip_build: bool = False
    checked: bool = False
    values: Mapping[str, Sequence[Value]] = field(factory=dict)
    separate: bool = False
    report: Report = field(default=silent, eq=False, repr=False)


@frozen
class Build:
    """A prepared strategy.

    `source` is the content hash of the strategy's own files, a part of the search plan. `identity`
    is the full identity: strategy, engine, harness source, and runtime. Content keys have both.
    `reads` names the parameters that the source is known to read, None if unknown before running;
    `read_types` are the known types, as in `Outcome`. `details` and `notes` are for the user.
    `in_place` are files of the strategy that workers read where they are, with the SHA-256 of each
    as it was hashed: a run stops if one changes. Files of which workers get a copy are left out.
    `refused` says why scenarios cannot run, by name, if `PrepareContext.separate` and others can.
    `sources` are the strategy's own files by name with the SHA-256 of each, for messages that say
    which have changed; empty if unknown.
    """

    strategy: str
    source: str
    identity: str
    launch: Launch
    reads: frozenset[str] | None = None
    read_types: Mapping[str, frozenset[str]] = field(factory=dict)
    details: Mapping[str, str] = field(factory=dict)
    notes: tuple[str, ...] = ()
    in_place: Mapping[Path, str] = field(factory=dict)
    refused: Mapping[str, str] = field(factory=dict)
    sources: Mapping[str, str] = field(factory=dict)


@frozen
class ScenarioFiles:
    """The data files that a scenario reads, as patterns or folders relative to `data`.

    A pattern may match no file: it counts once there is one. `patterns` is None if any file of the
    data may be read; `why` tells the user the reason.
    """

    patterns: tuple[str, ...] | None = None
    why: str = ""


def documents_on_demand(engine: Engine) -> bool:
    """Return whether an engine writes full result files only on request."""
    return bool(getattr(engine, "documents_on_demand", False))


class Engine(Protocol):
    """Prepares a strategy once, makes requests and reads answers; built from `[strategy]`.

    An engine that writes full result files only if `outputs` has `document` can set the property
    `documents_on_demand` to true: leanopt then asks for those of the best trials at the end.
    """

    @property
    def data(self) -> Path | None:
        """Return the data folder or file that scenarios read, None without data."""
        ...

    @property
    def data_files(self) -> Sequence[str] | None:
        """Return patterns, relative to `data`, of the files that affect results, None for all."""
        ...

    def prepare(
        self, run_command: RunCommand, runtime: Mapping[str, str], context: PrepareContext
    ) -> Build:
        """Prepare the strategy for `context`; raises StrategyError if that is not possible."""
        ...

    def request(self, backtest: Backtest, outputs: frozenset[str], hello: Hello) -> Request:
        """Make the request for one backtest, for a harness with this `hello`.

        `outputs` are some of `equity`, `trades` and `document`; the last means full result files,
        for an engine that writes them on demand, and other engines ignore it. Raises StrategyError
        if the harness cannot run such a backtest.
        """
        ...

    def read(self, answer: Answer, backtest: Backtest, outputs: frozenset[str]) -> Outcome:
        """Read the answer to the request for `backtest`.

        Called outside the main thread if the answer has files.
        """
        ...


@runtime_checkable
class HasDoctorChecks(Protocol):
    """An engine with its own checks for `leanopt doctor`."""

    def checks(self, run_command: RunCommand, context: PrepareContext) -> Sequence[Check]:
        """Return checks of this engine's requirements where workers run, and of its data.

        They look only when called. They can require `interpreter` (Python runs where workers do),
        `data` (the data folder exists), and each other.
        """
        ...


@runtime_checkable
class ChecksStrategy(Protocol):
    """An engine that can check a strategy for `leanopt check` without running anything."""

    def check(self, context: PrepareContext) -> Sequence[str]:
        """Return the strategy's errors for `context`, one line each."""
        ...


@runtime_checkable
class TriesStrategy(Protocol):
    """An engine that can import or compile a strategy for `leanopt check`, without a backtest."""

    def try_out(self, run_command: RunCommand, runtime: Mapping[str, str]) -> Sequence[str]:
        """Import or compile the strategy once where workers run; return its errors, one line each.

        The arguments are those of `prepare`. Called after `check`, if that found no error. It uses
        no network.
        """
        ...


@runtime_checkable
class HasScenarioFiles(Protocol):
    """An engine that can tell which data files each scenario reads."""

    def scenario_files(self, scenario: Scenario) -> ScenarioFiles:
        """Return the data files that backtests under `scenario` read, with any parameters.

        Content keys and the search plan hold these files only. Called after `prepare`, and not if
        the engine has `data_files`.
        """
        ...


@runtime_checkable
class KnowsStatistics(Protocol):
    """An engine that can tell which statistics backtests of the strategy report."""

    def reported_statistics(self) -> Sequence[str] | None:
        """Return the names of all statistics that a completed backtest can have.

        None if the strategy may report others. They are as in `Statistics.values`. leanopt refuses
        a pipeline with a name that is none of them and resembles one. Called before or after
        `prepare`; the strategy may be missing.
        """
        ...


@runtime_checkable
class HasFingerprint(Protocol):
    """An engine that can tell from the answers whether two backtests did the same."""

    def fingerprint(self, answer: Answer) -> str | None:
        """Return a short text that is equal for backtests that did the same, None if unknown.

        It covers what statistics do not show, such as the list of orders. It is stored with the
        backtest, and `leanopt verify` compares it. Called before `read`, while the answer's files
        exist.
        """
        ...


def has_fingerprint(engine: Engine) -> bool:
    """Return whether an engine has fingerprints, also behind a guard, which says so itself."""
    return bool(getattr(engine, "has_fingerprint", isinstance(engine, HasFingerprint)))
