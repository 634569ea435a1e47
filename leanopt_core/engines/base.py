"""The contract of an engine: what makes a strategy runnable, an answer readable, and its extras."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Protocol, runtime_checkable

from attrs import field, frozen

from leanopt_core.check import Check
from leanopt_core.harness.events import Hello
from leanopt_core.space import Value
from leanopt_core.work import Answer, Backtest, Completed, Launch, Mount, Outcome, Request, Scenario


class RunCommand(Protocol):
    """The executor's one-off run, where its workers run."""

    def __call__(
        self,
        command: Sequence[str],
        mounts: Sequence[Mount] = (),
        *,
        time_limit: float = 600.0,
        network: bool = False,
    ) -> Completed:
        """Run `command` to its end; `Executor.run_command` says the rest."""
        ...


Tell = Callable[[str], None]


def silent(_text: str) -> None:
    """Tell nobody."""


@frozen
class PrepareContext:
    """What will be asked of a strategy: the names of its parameters, and the scenarios.

    `values` has all that a parameter can be, by its name: a tuple, or a sequence that rises by one
    step. It is empty where that is not known.
    `allow_unread` lets parameters pass that it never reads, `skip_build` an older build of it.
    `tell` shows the user at once what takes long, as a build. `checked` says that what the engine's
    own checks look at was looked at already (`leanopt doctor`).
    """

    parameters: tuple[str, ...] = ()
    scenarios: tuple[Scenario, ...] = ()
    allow_unread: bool = False
    skip_build: bool = False
    checked: bool = False
    values: Mapping[str, Sequence[Value]] = field(factory=dict)
    tell: Callable[[str], None] = field(default=silent, eq=False, repr=False)


@frozen
class Build:
    """A strategy made ready.

    `source` is the content hash of the strategy's own files: part of the search plan. `identity` is
    the full identity that content keys hold: strategy, engine, harness source, and the place.
    `reads` names the parameters that the source is known to read, None where only running tells;
    `read_types` are the types as which it is known to read them, as in `Outcome`. `details` and
    `notes` are for people.
    """

    strategy: str
    source: str
    identity: str
    launch: Launch
    reads: frozenset[str] | None = None
    read_types: Mapping[str, frozenset[str]] = field(factory=dict)
    details: Mapping[str, str] = field(factory=dict)
    notes: tuple[str, ...] = ()


def documents_on_demand(engine: Engine) -> bool:
    """Return whether an engine writes full result files only where they are asked for."""
    return bool(getattr(engine, "documents_on_demand", False))


class Engine(Protocol):
    """Prepares a strategy once, words requests and reads answers; built from `[strategy]`.

    One that writes full result files only where `outputs` has `document` may say so, by a property
    `documents_on_demand` that is true: leanopt then asks for those of the best trials at the end.
    """

    @property
    def data(self) -> Path | None:
        """Return the data folder or file that scenarios read, None where there is none."""
        ...

    @property
    def data_files(self) -> Sequence[str] | None:
        """Return patterns below `data` of the files whose content decides, None for all."""
        ...

    def prepare(
        self, run_command: RunCommand, runtime: Mapping[str, str], context: PrepareContext
    ) -> Build:
        """Make the strategy ready; raises StrategyError where that cannot be done for `context`."""
        ...

    def request(self, backtest: Backtest, outputs: frozenset[str], hello: Hello) -> Request:
        """Word one backtest for a harness that said `hello`.

        `outputs` are of `equity`, `trades` and `document`: full result files, for an engine that
        writes them on demand only; another ignores that one. Raises StrategyError where the harness
        cannot do what the backtest asks for.
        """
        ...

    def read(self, answer: Answer, backtest: Backtest, outputs: frozenset[str]) -> Outcome:
        """Read the answer to the request for `backtest`.

        Called away from the main thread where the answer has files.
        """
        ...


@runtime_checkable
class HasChecks(Protocol):
    """An engine with checks of its own for `leanopt doctor`."""

    def checks(self, run_command: RunCommand, context: PrepareContext) -> Sequence[Check]:
        """Return the checks of what this engine needs where workers run, and of its data.

        They look when they are asked, not before. They may need `interpreter` (a Python runs where
        workers do), `data` (the data folder is there), and each other.
        """
        ...


@runtime_checkable
class HasCheck(Protocol):
    """An engine that can look at a strategy for `leanopt check`, without running anything."""

    def check(self, context: PrepareContext) -> Sequence[str]:
        """Return what is wrong with the strategy for `context`, one line each."""
        ...


@runtime_checkable
class HasFingerprint(Protocol):
    """An engine that can tell by an answer whether two backtests did the same."""

    def fingerprint(self, answer: Answer) -> str | None:
        """Return a short text that is equal for two backtests that did the same, None if unknown.

        It covers what statistics do not show, as the order list. `leanopt verify` compares the
        fingerprints of two harnesses. It is asked before `read`, while the answer's files exist.
        """
        ...
