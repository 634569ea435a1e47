"""What a stored run keeps of its engine, its executor and its scenarios, ready to be used again."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from functools import cached_property
from pathlib import Path
from typing import Any

from leanopt_core.errors import UsageError
from leanopt_core.pipeline import Choice, ExecutorSettings
from leanopt_core.pipeline.options import make_reader, structure_table
from leanopt_core.plugins import Kind, Registry
from leanopt_core.space import Space
from leanopt_core.store.records import StoredRun
from leanopt_core.work import Scenario

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

        Raises UsageError where it is not installed, MisfitError where it refuses the options.
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
