"""How to run one backtest again by hand: the harness's command line and the line to send it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

from attrs import field, frozen

from leanopt_core.engines.base import Engine
from leanopt_core.errors import PipelineError, StrategyError, UsageError
from leanopt_core.harness.events import Hello
from leanopt_core.harness.wording import fill_in, request_line
from leanopt_core.pipeline.misfit import MisfitError
from leanopt_core.pipeline.plain import from_folder, plain_options
from leanopt_core.plugins import Registry
from leanopt_core.search.prepare import Prepared
from leanopt_core.search.restored import Restored
from leanopt_core.store.records import StoredRun, StoredTrial
from leanopt_core.work import Backtest

# Where what is run by hand leaves its files.
_FOLDER = "by-hand"


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
    command, folder = ready.executor.reproduce_command(ready.build.launch), ready.pipeline.folder
    engine = ready.pipeline.engine
    return {
        "strategy": {"engine": engine.use, **plain_options(engine.options, from_folder(folder))},
        "launch": {
            "command": list(command.command),
            "environment": dict(command.environment),
            "places": dict(command.placeholders),
        },
    }


def by_hand(run: StoredRun, trial: StoredTrial, scenario: str, registry: Registry) -> ByHand | str:
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


def _fill(places: Mapping[str, str], text: str) -> str:
    for name, place in places.items():
        text = text.replace(f"{{{name}}}", place)
    return text
