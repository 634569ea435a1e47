"""The engine for strategies in Python, run by the warm Python harness."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from decimal import Decimal
from functools import lru_cache
from itertools import starmap
from json.encoder import encode_basestring_ascii as quoted
from pathlib import Path
from typing import Any, Final

import leanopt_harness

from leanopt_core.canonical import digest
from leanopt_core.engines.base import Build, PrepareContext, RunCommand
from leanopt_core.engines.inline import read_inline
from leanopt_core.engines.snapshot import Snapshot, take_snapshot
from leanopt_core.errors import StrategyError
from leanopt_core.harness.events import Hello
from leanopt_core.options import PythonStrategy
from leanopt_core.project_files import BUILDS
from leanopt_core.space import Value, number_text
from leanopt_core.suggest import nearest
from leanopt_core.work import (
    DOCUMENT,
    Answer,
    Backtest,
    Command,
    Launch,
    Mount,
    Outcome,
    Request,
    Scenario,
)

#: This engine writes no files.
_NO_FILES: Final = frozenset({DOCUMENT})
_HARNESS = Path(leanopt_harness.__file__).resolve().parent


def create(options: PythonStrategy, project: Path) -> PythonEngine:
    """Return the engine for a strategy in the folder `project`."""
    return PythonEngine(options, project)


class PythonEngine:
    """Prepares a Python strategy, makes requests and reads answers."""

    def __init__(self, options: PythonStrategy, project: Path) -> None:
        file, _, self._function = options.entry.rpartition(":")
        self._file = (project / file).resolve()
        self._builds = project.absolute() / BUILDS
        self._data = (project / options.data).resolve() if options.data else None
        self._python = options.python or "{python}"
        self._more = () if options.identity == "bytes" else ("--identity", options.identity)
        self._snapshot: Snapshot | None = None
        # The last scenario and its text: consecutive backtests mostly share it.
        self._scenario: tuple[Scenario | None, str] = (None, "")

    @property
    def data(self) -> Path | None:
        """Return the data folder or file that scenarios read, None without data."""
        return self._data

    @property
    def data_files(self) -> None:
        """Return None: all data files count."""
        return None

    def prepare(
        self,
        run_command: RunCommand,
        runtime: Mapping[str, str],
        context: PrepareContext,
    ) -> Build:
        """Import the strategy once where it will run, and take its identity."""
        if problems := self.check(context):
            raise StrategyError("\n".join(problems))
        described = self._describe(run_command)
        self._snapshot = take_snapshot(self._file.parent, described["files"], self._builds)
        launch = Launch(
            (*self._command("serve"), "--snapshot", "{snapshot}"),
            (*self._mounts(), Mount("snapshot", self._snapshot.path)),
            identity=described["identity"],
            files=tuple(described["files"]),
        )
        return self._build(launch, described, runtime)

    def check(self, context: PrepareContext) -> Sequence[str]:  # noqa: ARG002 - only running tells what is read
        """Return that the strategy's file or its data is missing."""
        problems = []
        if not self._file.is_file():
            problems.append(f"strategy.entry: {_absent('strategy file', self._file)}")
        if self._data is not None and not self._data.exists():
            problems.append(f"strategy.data: {_absent('data', self._data)}")
        return problems

    def try_out(self, run_command: RunCommand, runtime: Mapping[str, str]) -> Sequence[str]:  # noqa: ARG002 - it decides no error
        """Import the strategy; return what keeps it from being used."""
        try:
            self._describe(run_command)
        except StrategyError as error:
            return [str(error)]
        return []

    def _describe(self, run_command: RunCommand) -> dict[str, Any]:
        """Return what the harness says of the strategy; raises StrategyError if it is unusable."""
        completed = run_command(Command(self._command("describe"), self._mounts()))
        described = _described(completed.output)
        if described is None:
            tail = completed.errors.strip()[-2000:]
            raise StrategyError(
                f"{self._file} cannot be inspected (exit code {completed.exit_code}): {tail}"
            )
        if fault := described.get("fault"):
            raise StrategyError(f"{self._file} cannot be used: {fault['message']}")
        return described

    def _mounts(self) -> tuple[Mount, ...]:
        mounts = (Mount("build", self._file.parent), Mount("harness", _HARNESS))
        return mounts if self._data is None else (*mounts, Mount("data", self._data))

    def _command(self, command: str) -> tuple[str, ...]:
        entry = f"{{build}}/{self._file.name}:{self._function}"
        return (self._python, "{harness}", command, "--entry", entry, *self._more)

    def _build(
        self, launch: Launch, described: Mapping[str, Any], runtime: Mapping[str, str]
    ) -> Build:
        source = digest({"entry": self._function, "files": described["files"]})
        parts = ("files", "outside", "python", "distributions", "harness")
        identity = {part: described[part] for part in parts} | {"place": dict(runtime)}
        return Build(
            strategy=self._file.parent.name,
            source=source,
            identity=digest({"entry": self._function, **identity}),
            launch=launch,
            details={
                "python": " ".join(described["python"].values()),
                "files": ", ".join(described["files"]),
            },
            sources=dict(described["files"]),
        )

    def request(self, backtest: Backtest, outputs: frozenset[str], hello: Hello) -> Request:  # noqa: ARG002 - the harness is ours
        """Make the request for one backtest, in the protocol's inline form."""
        parameters = ",".join(starmap(_member, backtest.parameters.items()))
        scenario = self._scenario_text(backtest.scenario)
        outputs -= _NO_FILES
        asked = f',"outputs":{json.dumps(sorted(outputs))}' if outputs else ""
        return Request(
            f'{{"backtest":{{"scenario":{scenario},"parameters":{{{parameters}}}}}{asked}}}',
            placeholders=("{data}",) if self._data is not None else (),
            outputs=outputs,
        )

    def _scenario_text(self, scenario: Scenario) -> str:
        """Return the scenario as JSON, with the data path first, where the pool replaces it.

        `pass_as` is left out: it is for engines that have no scenario.
        """
        known, text = self._scenario
        if known is not scenario:
            told = scenario.settings()
            told.pop("pass_as", None)
            paths = {"data": "{data}"} if self._data is not None else {}
            text = _exact({**paths, **told})
            self._scenario = scenario, text
        return text

    def read(self, answer: Answer, backtest: Backtest, outputs: frozenset[str]) -> Outcome:  # noqa: ARG002 - the answer says it all
        """Read the statistics, or the harness's failure."""
        return read_inline(answer.payload)


def _absent(what: str, path: Path) -> str:
    """Return a message for a missing path, with the closest name in its folder."""
    names = [one.name for one in path.parent.iterdir()] if path.parent.is_dir() else []
    close = nearest(path.name, names)
    return f"there is no {what} {path}" + (f" (did you mean {close!r}?)" if close else "")


def _described(output: str) -> dict[str, Any] | None:
    try:
        described = json.loads(output)
    except ValueError:
        return None
    return described if isinstance(described, dict) else None


# A search uses the same few levels of its axes again and again. `typed`, since 1 == True.
@lru_cache(maxsize=4096, typed=True)
def _member(name: str, value: Value) -> str:
    """Return a parameter as a member of a JSON object, numbers exactly as stored."""
    return f"{quoted(name)}:{quoted(value) if isinstance(value, str) else number_text(value)}"


def _exact(value: Any) -> str:
    """Return a scenario's value as JSON, numbers with all digits, dates as ISO text."""
    if isinstance(value, Mapping):
        return "{" + ",".join(f"{json.dumps(k)}:{_exact(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ",".join(map(_exact, value)) + "]"
    if isinstance(value, Decimal):
        return format(value, "f")
    return json.dumps(value, default=str)
