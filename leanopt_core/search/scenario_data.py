"""Which data each scenario reads, and the identity of its content."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path

from attrs import frozen

from leanopt_core.content import hash_data, hash_present
from leanopt_core.errors import StrategyError
from leanopt_core.search.guarded_engine import GuardedEngine
from leanopt_core.work import Scenario


@frozen
class ScenarioData:
    """The data that a scenario reads: the identity of its content, and the number of its files.

    `files` is None if all data counts, `why` the engine's reason for that, if it has one.
    """

    identity: str
    files: int | None = None
    why: str = ""


def scenario_data(
    engine: GuardedEngine, scenarios: Sequence[Scenario], hashed: Callable[[Path], str]
) -> dict[str, ScenarioData]:
    """Return the data of each scenario by the scenario's name, empty without data.

    `hashed` returns a file's hash. Raises StrategyError if the data does not exist.
    """
    data = data_path(engine)
    if data is None:
        return {}
    # Scenarios share many files: each is hashed once.
    once = cache(hashed)
    whole = cache(lambda: hash_data(data, once, engine.data_files))
    found: dict[str, ScenarioData] = {}
    for scenario in scenarios:
        said = engine.scenario_files(scenario)
        if said.patterns is None or data.is_file():
            found[scenario.name] = ScenarioData(whole(), why=said.why)
        else:
            found[scenario.name] = ScenarioData(*hash_present(data, said.patterns, once))
    return found


def data_path(engine: GuardedEngine) -> Path | None:
    """Return the engine's data, None without; raises StrategyError if it does not exist."""
    data = engine.data
    if data is not None and not data.exists():
        raise StrategyError(f"there is no data {data}, expected a folder or a file")
    return data


def all_data(engine: GuardedEngine, hashed: Callable[[Path], str]) -> str | None:
    """Return the identity of all data that counts, whatever scenarios read; None without data."""
    data = data_path(engine)
    return None if data is None else hash_data(data, hashed, engine.data_files)
