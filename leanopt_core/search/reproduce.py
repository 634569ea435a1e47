"""How to run a stored backtest without leanopt, from what its run keeps of engine and executor."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from functools import cached_property
from pathlib import Path
from typing import Any, cast

from attrs import field, frozen

from leanopt_core.engines.base import Engine
from leanopt_core.errors import PipelineError, StrategyError, UsageError
from leanopt_core.harness.events import Hello
from leanopt_core.harness.framing import fill_in, request_line
from leanopt_core.pipeline import Choice, ExecutorSettings
from leanopt_core.pipeline.plan import from_folder, plain_options
from leanopt_core.pipeline.problems import ValidationError
from leanopt_core.pipeline.structure import make_reader, structure_table
from leanopt_core.plugins import Kind, Registry
from leanopt_core.search.prepare import Prepared
from leanopt_core.space import Space
from leanopt_core.store.records import StoredRun, StoredTrial
from leanopt_core.work import Backtest, Scenario

_KNOWN = ("name", "symbol", "start", "end", "cash", "pass_as")
_LIMITS = (
    *("time_limit", "memory_limit", "recycle_after", "recycle_growth"),
    *("retries", "start_patience"),
)


class Restored:
    """The plan and the execution of a stored run.

    Paths in options start from `folder`: where the project was then, if none is given.
    """

    def __init__(self, run: StoredRun, registry: Registry, folder: Path | None = None) -> None:
        self.plan: Mapping[str, Any] = json.loads(run.plan)
        self.execution: Mapping[str, Any] = json.loads(run.execution)
        self.folder = folder or Path(self.execution["folder"])
        self._registry = registry

    @property
    def strategy(self) -> Mapping[str, Any]:
        """Return the options of the engine, and its name; empty where the run keeps none."""
        return {k: v for k, v in self.execution.get("strategy", {}).items() if v is not None}

    @cached_property
    def space(self) -> Space:
        """Return the parameter space."""
        return Space.from_dict(self.plan["space"])

    @cached_property
    def scenarios(self) -> Mapping[str, Scenario]:
        """Return every scenario by its name."""
        return {one["name"]: _scenario(one) for one in self.plan["scenarios"]}

    def searched(self, search: int) -> tuple[Scenario, ...]:
        """Return the scenarios of a search; searches count from 1."""
        return tuple(self.scenarios[n] for n in self.plan["searches"][search - 1]["scenarios"])

    def engine(self, **changed: object) -> Choice:
        """Return the engine with its options, some of them changed.

        Raises UsageError where it is not installed, ValidationError where it refuses the options.
        """
        options = {**self.strategy, **changed}
        return self._choice(Kind.ENGINE, str(options.pop("engine", "")), options)

    def executor(self) -> ExecutorSettings:
        """Return the executor with its limits; raises as `engine` does."""
        options = {k: v for k, v in self.execution["executor"].items() if v is not None}
        choice = self._choice(Kind.EXECUTOR, str(options.pop("use")), options)
        # What leanopt did not know when it stored the run has its default.
        limits = {name: self.execution[name] for name in _LIMITS if name in self.execution}
        return ExecutorSettings(choice, self.execution["workers"], **limits)

    def _choice(self, kind: Kind, name: str, options: Mapping[str, object]) -> Choice:
        registered = self._registry.entries.get((kind, name))
        if registered is None:
            raise UsageError(f"its {kind} is not installed here")
        reader = make_reader(self.folder)
        made: object = structure_table(options, registered.spec.options, reader)
        return Choice(name, registered, made)


def _scenario(said: Mapping[str, Any]) -> Scenario:
    """Return the scenario that a plan describes."""
    start, end = (date.fromisoformat(said[key]) if key in said else None for key in _KNOWN[2:4])
    return Scenario(
        name=said["name"],
        symbol=said.get("symbol"),
        start=start,
        end=end,
        cash=Decimal(str(said["cash"])) if "cash" in said else None,
        extras={key: value for key, value in said.items() if key not in _KNOWN},
        pass_as=said.get("pass_as", {}),
    )


# Where what is run by hand leaves its files.
_FOLDER = "by-hand"


@frozen
class ReproducedBacktest:
    """A command, what its environment must hold, the line to send, and files that it asks for.

    Their names are from the folder where it is run.
    """

    command: tuple[str, ...]
    environment: Mapping[str, str]
    request: str
    files: Mapping[str, str] = field(factory=dict)


def reproducible(ready: Prepared) -> dict[str, Any]:
    """Return what a run keeps for this, as plain JSON values."""
    command, folder = ready.executor.reproduce_command(ready.build.launch), ready.pipeline.folder
    engine = ready.pipeline.engine
    return {
        "strategy": {"engine": engine.use, **plain_options(engine.options, from_folder(folder))},
        "launch": {
            "command": list(command.command),
            "environment": dict(command.environment),
            "placeholders": dict(command.placeholders),
        },
    }


def reproduce(
    run: StoredRun, trial: StoredTrial, scenario: str, registry: Registry
) -> ReproducedBacktest | str:
    """Return how to run a trial's backtest under a scenario, or why that cannot be said."""
    restored = Restored(run, registry)
    launch = restored.execution.get("launch")
    if launch is None:
        return "this run has not kept how"
    try:
        choice = restored.engine()
        engine = cast("Engine", choice.registered.load()(choice.options, restored.folder))
        request = engine.request(
            _backtest(restored, trial, scenario), frozenset(), _hello(restored)
        )
    except UsageError as error:
        return str(error)
    except (ValidationError, PipelineError, StrategyError) as error:
        return f"its engine takes these options no more: {error}"
    scratch = launch["placeholders"]["scratch"]
    # Absolute, for an engine may run elsewhere than its harness.
    here = str(Path.cwd() / _FOLDER) if scratch == "." else f"{scratch}/{_FOLDER}"
    placeholders = {"request": here, **launch["placeholders"]}

    def filled(text: str) -> str:
        return fill_in(text, request.placeholders, lambda part: _fill(placeholders, part))

    return ReproducedBacktest(
        tuple(launch["command"]),
        launch["environment"],
        request_line("1", filled(request.payload)).decode().rstrip("\n"),
        {f"{_FOLDER}/{name}": filled(text) for name, text in request.files.items()},
    )


def _hello(run: Restored) -> Hello:
    """Return what the run's first harness said; a run that has not kept it says nothing."""
    said = run.execution.get("hello", {})
    return Hello(
        protocol=said.get("protocol", 0),
        engine=said.get("engine", ""),
        abilities=frozenset(said.get("abilities", ())),
    )


def _backtest(run: Restored, trial: StoredTrial, scenario: str) -> Backtest:
    parameters = run.space.values(run.space.unrank(trial.grid_index))
    return Backtest("", parameters, run.scenarios[scenario])


def _fill(placeholders: Mapping[str, str], text: str) -> str:
    for name, path in placeholders.items():
        text = text.replace(f"{{{name}}}", path)
    return text
