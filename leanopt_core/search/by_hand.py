"""How to run one backtest again by hand: the harness's command line and the line to send it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any, cast

from attrs import field, frozen

from leanopt_core.engines.base import Engine
from leanopt_core.errors import PipelineError, StrategyError
from leanopt_core.harness.events import Hello
from leanopt_core.harness.wording import fill_in, request_line
from leanopt_core.pipeline.misfit import MisfitError
from leanopt_core.pipeline.options import make_reader, structure_table
from leanopt_core.pipeline.plain import from_folder, plain_options
from leanopt_core.plugins import Kind, Registry
from leanopt_core.search.prepare import Prepared
from leanopt_core.space import Space
from leanopt_core.store.records import StoredRun, StoredTrial
from leanopt_core.work import Backtest, Scenario

# Where what is run by hand leaves its files.
_FOLDER = "by-hand"
_KNOWN = ("name", "symbol", "start", "end", "cash", "pass_as")


@frozen
class ByHand:
    """A command, what its environment must hold, the line to send, and files that it asks for.

    Their names are from the folder where it is run.
    """

    command: tuple[str, ...]
    environment: Mapping[str, str]
    request: str
    files: Mapping[str, str] = field(factory=dict)


def kept(ready: Prepared) -> dict[str, Any]:
    """Return what a run keeps for this, as plain JSON values."""
    manual, folder = ready.executor.manual(ready.build.launch), ready.pipeline.folder
    engine = ready.pipeline.engine
    return {
        "strategy": {"engine": engine.use, **plain_options(engine.options, from_folder(folder))},
        "launch": {
            "command": list(manual.command),
            "environment": dict(manual.environment),
            "places": dict(manual.places),
        },
    }


def by_hand(run: StoredRun, trial: StoredTrial, scenario: str, registry: Registry) -> ByHand | str:
    """Return how to run a trial's backtest under a scenario, or why that cannot be said."""
    execution, plan = json.loads(run.execution), json.loads(run.plan)
    launch = execution.get("launch")
    strategy = {k: v for k, v in execution.get("strategy", {}).items() if v is not None}
    registered = registry.entries.get((Kind.ENGINE, strategy.pop("engine", "")))
    if launch is None or registered is None:
        return "its engine is not installed here" if launch else "this run has not kept how"
    folder = Path(execution["folder"])
    try:
        options: object = structure_table(strategy, registered.spec.options, make_reader(folder))
        engine = cast("Engine", registered.load()(options, folder))
        request = engine.request(_backtest(plan, trial, scenario), frozenset(), _hello(execution))
    except (MisfitError, PipelineError, StrategyError) as error:
        return f"its engine takes these options no more: {error}"
    scratch = launch["places"]["scratch"]
    # Absolute, for an engine may run elsewhere than its harness.
    here = str(Path.cwd() / _FOLDER) if scratch == "." else f"{scratch}/{_FOLDER}"
    places = {"request": here, **launch["places"]}

    def filled(text: str) -> str:
        return fill_in(text, request.placeholders, lambda part: _fill(places, part))

    return ByHand(
        tuple(launch["command"]),
        launch["environment"],
        request_line("1", filled(request.payload)).decode().rstrip("\n"),
        {f"{_FOLDER}/{name}": filled(text) for name, text in request.files.items()},
    )


def _hello(execution: Mapping[str, Any]) -> Hello:
    """Return what the run's first harness said; a run that has not kept it says nothing."""
    said = execution.get("hello", {})
    return Hello(
        protocol=said.get("protocol", 0),
        engine=said.get("engine", ""),
        abilities=frozenset(said.get("abilities", ())),
    )


def _backtest(plan: Mapping[str, Any], trial: StoredTrial, name: str) -> Backtest:
    space = Space.from_dict(plan["space"])
    said = next(one for one in plan["scenarios"] if one["name"] == name)
    return Backtest("", space.values(space.unrank(trial.grid_index)), _scenario(said))


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


def _fill(places: Mapping[str, str], text: str) -> str:
    for name, place in places.items():
        text = text.replace(f"{{{name}}}", place)
    return text
