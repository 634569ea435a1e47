"""Call engines and executors, and report contract violations as PluginError."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import cached_property, partial
from operator import methodcaller
from pathlib import Path
from types import MappingProxyType
from typing import Any, ClassVar, TypeVar, cast

from attrs import evolve

from leanopt_core.check import Check, Finding, StuckError
from leanopt_core.engines.base import (
    Build,
    ChecksStrategy,
    Engine,
    HasDoctorChecks,
    HasFingerprint,
    HasScenarioFiles,
    KnowsStatistics,
    PrepareContext,
    RunCommand,
    ScenarioFiles,
    TriesStrategy,
    documents_on_demand,
)
from leanopt_core.errors import LeanoptError, PluginError
from leanopt_core.executors.base import (
    Channel,
    ChecksOptions,
    Executor,
    HasExecutorDoctorChecks,
    HasPlaces,
    ReproduceCommand,
    unasked_memory,
)
from leanopt_core.harness.events import Hello
from leanopt_core.search.calls import Calls
from leanopt_core.search.checked import (
    UnusableError,
    checked_build,
    checked_outcome,
    checked_request,
    checked_scenario_files,
    texts,
)
from leanopt_core.search.guard import Guard
from leanopt_core.search.guarded_channel import GuardedChannel
from leanopt_core.shown import shown
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

T = TypeVar("T")
S = TypeVar("S", Command, Launch)


class _Guarded:
    """Calls a plugin's object and checks the types of its answers."""

    #: The methods without which it is none of its kind.
    NEEDED: ClassVar[tuple[str, ...]] = ()

    def __init__(self, plugin: Any, label: str, calls: Calls | None = None) -> None:
        self._plugin = plugin
        self._label = label
        self._calls = Calls() if calls is None else calls
        self._guard = Guard(label, calls=self._calls)
        # An attribute has no way to say what is wrong: all that it raises is the plugin's fault.
        self._attributes = Guard(label, passing=(), calls=self._calls)
        self._attributes.needs(plugin, self.NEEDED, "being built")

    def _call(self, doing: str, method: str, *arguments: object, **named: object) -> Any:
        # Looking up the method can run the plugin's code too.
        return self._guard.call(doing, methodcaller(method, *arguments, **named), self._plugin)

    def _read(self, doing: str, name: str) -> Any:
        """Return an attribute, which may be a property: code of the plugin's."""
        return self._attributes.call(doing, getattr, self._plugin, name)

    def _made(
        self, kind: type[T], doing: str, method: str, *arguments: object, **named: object
    ) -> T:
        """Return a method's result; raises PluginError for another type."""
        made = self._call(doing, method, *arguments, **named)
        if not isinstance(made, kind):
            what = f"it returned {type(made).__name__}, expected {kind.__name__}"
            raise self._guard.fault(doing, what)
        return made

    def _listed(self, kind: type[T], doing: str, method: str, *arguments: object) -> list[T]:
        """Return a method's list or tuple; raises PluginError for elements of another type."""
        made = self._call(doing, method, *arguments)
        if isinstance(made, list | tuple) and all(isinstance(one, kind) for one in made):
            return list(made)
        what = f"it returned {shown(made)}, expected a list of {kind.__name__}"
        raise self._guard.fault(doing, what)

    def _checks(self, *arguments: object) -> list[Check]:
        """Return the plugin's checks for `leanopt doctor`, guarded."""
        made = self._listed(Check, "asked for its checks", "checks", *arguments)
        return [evolve(one, look=partial(self._looked, one)) for one in made]

    def _looked(self, check: Check) -> Sequence[Finding]:
        passing = (StuckError, LeanoptError, OSError)
        guard = Guard(self._label, passing, calls=self._calls)
        return guard.call(f"checking {check.name!r}", lambda: list(check.look()))


class GuardedEngine(_Guarded):
    """An engine whose violations are PluginErrors; one in `read` costs only its trial.

    `needs` are what the fitness function sees of an outcome besides statistics.
    """

    NEEDED = ("prepare", "request", "read")

    def __init__(
        self,
        engine: Engine,
        label: str,
        calls: Calls | None = None,
        *,
        needs: frozenset[str] = frozenset(),
    ) -> None:
        super().__init__(engine, label, calls)
        self._engine = engine
        self._outcome = partial(checked_outcome, needs=needs)
        self._results = Guard(label, passing=(LeanoptError, UnusableError), calls=self._calls)

    @property
    def data(self) -> Path | None:
        """Return the data folder or file that scenarios read, None without data."""
        doing = "asked for its data"
        data = self._read(doing, "data")
        if isinstance(data, Path | None):
            return data
        raise self._guard.fault(doing, f"it has the data {shown(data)}, expected a Path or None")

    @property
    def data_files(self) -> Sequence[str] | None:
        """Return patterns of the data files that decide results, None for all."""
        doing = "asked for its data"
        files = self._read(doing, "data_files")
        if files is None or self._guard.call(doing, texts, files):
            return cast("Sequence[str] | None", files)
        what = f"it has the data_files {shown(files)}, expected a list of patterns or None"
        raise self._guard.fault(doing, what)

    def scenario_files(self, scenario: Scenario) -> ScenarioFiles:
        """Return the data files that a scenario reads; the user's `data_files` come first."""
        if self.data_files or not isinstance(self._engine, HasScenarioFiles):
            return ScenarioFiles()
        doing = f"asked which data files scenario {scenario.name!r} reads"
        return self._checked(checked_scenario_files, doing, "scenario_files", scenario)

    def reported_statistics(self) -> Sequence[str] | None:
        """Return the names of all statistics of completed backtests, None if unknown."""
        if not isinstance(self._engine, KnowsStatistics):
            return None
        doing = "asked which statistics there are"
        made = self._call(doing, "reported_statistics")
        if made is None or self._guard.call(doing, texts, made):
            return cast("Sequence[str] | None", made)
        raise self._guard.fault(doing, f"it returned {shown(made)}, expected names or None")

    @property
    def documents_on_demand(self) -> bool:
        """Return whether full result files are written only where they are asked for."""
        return self._attributes.call("asked for its documents", documents_on_demand, self._engine)

    def prepare(
        self, run_command: RunCommand, runtime: Mapping[str, str], context: PrepareContext
    ) -> Build:
        """Prepare the strategy."""
        doing = "preparing the strategy"
        return self._checked(checked_build, doing, "prepare", run_command, runtime, context)

    def checks(self, run_command: RunCommand, context: PrepareContext) -> Sequence[Check]:
        """Return the engine's own checks for `leanopt doctor`, if any."""
        if not isinstance(self._engine, HasDoctorChecks):
            return ()
        return self._checks(run_command, context)

    def check(self, context: PrepareContext) -> Sequence[str]:
        """Return the strategy's errors that the engine can find without running it."""
        if not isinstance(self._engine, ChecksStrategy):
            return ()
        return self._listed(str, "looking at the strategy", "check", context)

    def try_out(self, run_command: RunCommand, runtime: Mapping[str, str]) -> Sequence[str]:
        """Return the strategy's errors that importing or compiling it shows."""
        if not isinstance(self._engine, TriesStrategy):
            return ()
        return self._listed(str, "importing the strategy", "try_out", run_command, runtime)

    @cached_property
    def has_fingerprint(self) -> bool:
        """Return whether the engine has fingerprints."""
        doing = "asked whether it has fingerprints"
        return self._attributes.call(doing, isinstance, self._engine, HasFingerprint)

    def fingerprint(self, answer: Answer) -> str | None:
        """Return a text that is equal for equal backtests, None if unknown."""
        if not self.has_fingerprint:
            return None
        doing = "asked for a fingerprint"
        made = self._call(doing, "fingerprint", answer)
        if made is None or isinstance(made, str):
            return made
        what = f"it returned {type(made).__name__}, expected str or None"
        raise self._guard.fault(doing, what)

    def request(self, backtest: Backtest, outputs: frozenset[str], hello: Hello) -> Request:
        """Make the request for one backtest."""
        doing = "making a request"
        return self._checked(checked_request, doing, "request", backtest, outputs, hello)

    def read(self, answer: Answer, backtest: Backtest, outputs: frozenset[str]) -> Outcome:
        """Read an answer."""
        doing = "reading an answer"
        return self._checked(self._outcome, doing, "read", answer, backtest, outputs)

    def _checked(
        self, check: Callable[[object], T], doing: str, method: str, *arguments: object
    ) -> T:
        """Return a method's result as `check` returns it; raises PluginError if that refuses it."""
        try:
            made: T = self._results.call(
                doing, _call_and_check, check, self._plugin, method, arguments
            )
        except UnusableError as error:
            raise self._guard.fault(doing, f"it returned {error}") from error
        return made


def _call_and_check(
    check: Callable[[object], T], plugin: object, method: str, arguments: tuple[object, ...]
) -> T:
    """Call a method, and check what it returned: that may run the plugin's code too."""
    return check(getattr(plugin, method)(*arguments))


class GuardedExecutor(_Guarded):
    """An executor whose violations are PluginErrors; the pool handles failed starts.

    `environment` are variables for all that it starts, beside an engine's own.
    """

    NEEDED = ("runtime", "run_command", "spawn", "reproduce_command", "workers", "close")

    def __init__(
        self,
        executor: Executor,
        label: str,
        calls: Calls | None = None,
        environment: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        super().__init__(executor, label, calls)
        self._executor = executor
        self._environment = environment
        self._counts: dict[int | None, int] = {}

    def runtime(self) -> Mapping[str, str]:
        """Return the properties of the workers' environment that affect results."""
        doing = "asked for its runtime"
        runtime = self._call(doing, "runtime")
        if isinstance(runtime, Mapping) and all(
            isinstance(text, str) for pair in runtime.items() for text in pair
        ):
            return runtime
        raise self._guard.fault(doing, f"it returned {shown(runtime)}, expected texts by name")

    def run_command(self, command: Command) -> Completed:
        """Run one command until it ends."""
        doing = "running a command"
        return self._made(Completed, doing, "run_command", self._passed(command))

    def reproduce_command(self, launch: Launch) -> ReproduceCommand:
        """Return how a user starts a worker in a shell."""
        return self._made(
            ReproduceCommand, "asked for a reproduce command", "reproduce_command", launch
        )

    def places(self) -> dict[str, GuardedExecutor]:
        """Return an executor for each place, by name; empty if there is one place."""
        if not isinstance(self._executor, HasPlaces):
            return {}
        doing = "asked for its places"
        made = self._made(dict, doing, "places")
        if not made or not all(isinstance(name, str) and name for name in made):
            raise self._guard.fault(doing, f"it returned {shown(made)}, expected named places")
        return {
            name: GuardedExecutor(one, f"{self._label}, {name}", self._calls, self._environment)
            for name, one in made.items()
        }

    def checks(self) -> Sequence[Check]:
        """Return the executor's own checks for `leanopt doctor`, if any."""
        return self._checks() if isinstance(self._executor, HasExecutorDoctorChecks) else ()

    def check(self) -> Sequence[str]:
        """Return the errors in its options that the executor can find without running anything."""
        if not isinstance(self._executor, ChecksOptions):
            return ()
        return self._listed(str, "asked to check its options", "check")

    def unasked_memory(self, launch: Launch) -> int | None:
        """Return the default memory limit of a worker in bytes."""
        doing = "asked for a worker's default memory limit"
        return self._guard.call(doing, unasked_memory, self._executor, launch)

    def spawn(self, launch: Launch, worker: int, *, memory_limit: int | None = None) -> Channel:
        """Start a worker."""
        doing = f"starting worker {worker}"
        channel = self._call(
            doing, "spawn", self._passed(launch), worker, memory_limit=memory_limit
        )
        try:
            return GuardedChannel(channel, self._label, self._calls)
        except PluginError:
            # Nobody else knows of the worker.
            with suppress(Exception, SystemExit):
                channel.kill()
            with suppress(Exception, SystemExit):
                channel.release()
            raise

    def _passed(self, started: S) -> S:
        """Return a launch or a command with the passed variables."""
        environment = {**self._environment, **started.environment}
        return evolve(started, environment=environment) if self._environment else started

    def workers(self, wanted: int | None) -> int:
        """Return the number of workers to run; asked once, since the answer may change."""
        if wanted in self._counts:
            return self._counts[wanted]
        doing = "asked how many workers"
        workers = self._made(int, doing, "workers", wanted)
        if workers < 1:
            raise self._guard.fault(doing, f"it returned {workers}, expected 1 or more")
        self._counts[wanted] = workers
        return workers

    def close(self) -> None:
        """Release everything."""
        self._call("being closed", "close")
