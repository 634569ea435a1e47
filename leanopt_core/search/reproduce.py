"""Reproduce a stored backtest without leanopt, from the stored engine and executor."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from functools import cached_property
from pathlib import Path
from typing import Any

from attrs import field, frozen

from leanopt_core.content import hash_variables
from leanopt_core.errors import PipelineError, PluginError, StrategyError, UsageError
from leanopt_core.harness.events import Hello
from leanopt_core.harness.framing import fill_in, request_line
from leanopt_core.pipeline import Choice, ExecutorSettings
from leanopt_core.pipeline.overrides import lookup
from leanopt_core.pipeline.plan import from_folder, plain_options
from leanopt_core.pipeline.problems import ValidationError
from leanopt_core.pipeline.structure import make_reader, structure_table
from leanopt_core.plugins import Kind, Registry
from leanopt_core.search.calls import Calls
from leanopt_core.search.prepare import Prepared, build_engine
from leanopt_core.space import Space
from leanopt_core.store.records import StoredRun, StoredTrial
from leanopt_core.work import Backtest, Scenario

_KNOWN = ("name", "symbol", "start", "end", "cash", "pass_as", "data", "weight")
_LIMITS = (
    *("time_limit", "memory_limit", "recycle_after", "recycle_growth"),
    *("retries", "start_limit", "start_patience"),
)


class Restored:
    """The plan and the execution of a stored run.

    Paths in options are relative to `folder`, by default the project's folder at that time.
    """

    def __init__(self, run: StoredRun, registry: Registry, folder: Path | None = None) -> None:
        self.plan: Mapping[str, Any] = json.loads(run.plan)
        self.execution: Mapping[str, Any] = json.loads(run.execution)
        self.folder = folder or Path(self.execution["folder"])
        self._registry = registry

    @property
    def strategy(self) -> Mapping[str, Any]:
        """Return the engine's name and options; empty if they are not stored."""
        return {k: v for k, v in self.execution.get("strategy", {}).items() if v is not None}

    def environment(self) -> dict[str, str]:
        """Return the caller's variables that the run passed to the strategy.

        Raises UsageError if one is unset, or has another value than for the run.
        """
        before: Mapping[str, str] = self.plan.get("environment", {})
        find = lookup(os.environ, self.folder)
        found = {name: find(name) for name in before}
        passed = {name: value for name, value in found.items() if value is not None}
        now = hash_variables(passed)
        if changed := [name for name in before if now.get(name) != before[name]]:
            names = " and ".join(changed)
            raise UsageError(f"{names}: unset, or another value than for the run")
        return passed

    @cached_property
    def space(self) -> Space:
        """Return the parameter space."""
        return Space.from_dict(self.plan["space"])

    @cached_property
    def scenarios(self) -> Mapping[str, Scenario]:
        """Return the scenarios by name."""
        return {one["name"]: _scenario(one) for one in self.plan["scenarios"]}

    def searched(self, search: int) -> tuple[Scenario, ...]:
        """Return the scenarios that judge the trials of a search; searches count from 1."""
        return tuple(
            map(self.scenarios.__getitem__, self.plan["searches"][search - 1]["scenarios"])
        )

    def tested(self, search: int) -> tuple[Scenario, ...]:
        """Return the scenarios of a search under which chosen trials are tested."""
        tests = self.plan["searches"][search - 1].get("tests", ())
        return tuple(map(self.scenarios.__getitem__, tests))

    def cuts(self, search: int) -> tuple[Scenario, ...]:
        """Return the scenarios of a search on their last days, which judge trials first."""
        planned = self.plan["searches"][search - 1]
        names = dict.fromkeys(name for rung in planned.get("rungs", ()) for name in rung)
        return tuple(self.scenarios[name] for name in names if name not in planned["scenarios"])

    def engine(self, **changed: object) -> Choice:
        """Return the engine with its options, some of them changed.

        Raises UsageError if it is not installed, ValidationError if it rejects the options.
        """
        options = {**self.strategy, **changed}
        return self._choice(Kind.ENGINE, str(options.pop("engine", "")), options)

    def executor(self) -> ExecutorSettings:
        """Return the executor with its limits; raises as `engine` does."""
        options = {k: v for k, v in self.execution["executor"].items() if v is not None}
        choice = self._choice(Kind.EXECUTOR, str(options.pop("use")), options)
        # Settings that are newer than the stored run get their default.
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
    """Return the scenario of a plan's record."""
    start, end = (date.fromisoformat(said[key]) if key in said else None for key in _KNOWN[2:4])
    # Before leanopt had this key it could be a user's own, of any type.
    warmup = said["warmup"] if isinstance(said.get("warmup"), int) else None
    known = _KNOWN if warmup is None else (*_KNOWN, "warmup")
    return Scenario(
        name=said["name"],
        symbol=said.get("symbol"),
        start=start,
        end=end,
        cash=Decimal(str(said["cash"])) if "cash" in said else None,
        extras={key: value for key, value in said.items() if key not in known},
        pass_as=said.get("pass_as", {}),
        weight=Decimal(str(said["weight"])) if "weight" in said else None,
        warmup=warmup,
    )


# The folder for files of a reproduced backtest.
_FOLDER = "by-hand"


@frozen
class ReproducedBacktest:
    """A command, its environment variables, the line to send, and the files it needs.

    File names are relative to the folder where the command runs. `passed` names the caller's
    variables that the strategy had besides; their values are not stored.
    """

    command: tuple[str, ...]
    environment: Mapping[str, str]
    request: str
    files: Mapping[str, str] = field(factory=dict)
    passed: tuple[str, ...] = ()


def reproducible(ready: Prepared) -> dict[str, Any]:
    """Return the values that a run stores for reproduction, as plain JSON."""
    command, folder = ready.executor.reproduce_command(ready.build.launch), ready.pipeline.folder
    engine = ready.pipeline.engine
    return {
        "strategy": {"engine": engine.use, **plain_options(engine.options, from_folder(folder))},
        "launch": {
            "command": list(command.command),
            "environment": dict(command.environment),
            "placeholders": dict(command.placeholders),
            # Names only: a value may be a password.
            **({"passed": list(ready.pipeline.environment)} if ready.pipeline.environment else {}),
        },
    }


def reproduce(
    run: StoredRun,
    trial: StoredTrial,
    scenario: str,
    registry: Registry,
    calls: Calls | None = None,
) -> ReproducedBacktest | str:
    """Return how to run a trial's backtest under a scenario, or why that is unknown.

    `calls` notes the calls into the engine.
    """
    restored = Restored(run, registry)
    launch = restored.execution.get("launch")
    if launch is None:
        return "this run did not store how"
    try:
        choice = restored.engine()
        engine = build_engine(choice, restored.folder, calls)
        request = engine.request(
            _backtest(restored, trial, scenario), frozenset(), _hello(restored)
        )
    except (UsageError, PluginError) as error:
        return str(error)
    except (ValidationError, PipelineError, StrategyError) as error:
        return f"its engine no longer accepts these options: {error}"
    scratch = launch["placeholders"]["scratch"]
    # Absolute, since an engine may run in another folder than its harness.
    here = str(Path.cwd() / _FOLDER) if scratch == "." else f"{scratch}/{_FOLDER}"
    placeholders = {"request": here, **launch["placeholders"]}

    def filled(text: str) -> str:
        return fill_in(text, request.placeholders, lambda part: _fill(placeholders, part))

    return ReproducedBacktest(
        tuple(launch["command"]),
        launch["environment"],
        request_line("1", filled(request.payload)).decode().rstrip("\n"),
        {f"{_FOLDER}/{name}": filled(text) for name, text in request.files.items()},
        tuple(launch.get("passed", ())),
    )


def _hello(run: Restored) -> Hello:
    """Return the hello of the run's first harness, an empty one if it is not stored."""
    said = run.execution.get("hello", {})
    return Hello(
        protocol=said.get("protocol", 0),
        engine=said.get("engine", ""),
        abilities=frozenset(said.get("abilities", ())),
    )


def _backtest(run: Restored, trial: StoredTrial, scenario: str) -> Backtest:
    parameters = run.space.values(run.space.point_at(trial.grid_index))
    return Backtest("", parameters, run.scenarios[scenario])


def _fill(placeholders: Mapping[str, str], text: str) -> str:
    for name, path in placeholders.items():
        text = text.replace(f"{{{name}}}", path)
    return text
