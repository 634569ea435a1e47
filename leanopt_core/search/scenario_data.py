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
    engine: GuardedEngine, scenarios: Sequence[Scenario]
) -> Callable[[Callable[[Path], str]], dict[str, ScenarioData]]:
    """Return a function that returns the data of each scenario by its name, empty without data.

    It takes a function for the hashes of files. The engine is asked now, and not again. Both raise
    StrategyError if the data does not exist.
    """
    data = data_path(engine)
    files = None if data is None else engine.data_files
    said = {} if data is None else {one.name: engine.scenario_files(one) for one in scenarios}

    def found(hashed: Callable[[Path], str]) -> dict[str, ScenarioData]:
        if data is None:
            return {}
        # Scenarios share many files: each is hashed once.
        once = cache(hashed)
        whole = cache(lambda: hash_data(_there(data), once, files))
        return {
            name: ScenarioData(whole(), why=one.why)
            if one.patterns is None or data.is_file()
            else ScenarioData(*hash_present(_there(data), one.patterns, once))
            for name, one in said.items()
        }

    return found


def _there(data: Path) -> Path:
    if not data.exists():
        raise StrategyError(f"there is no data {data}, expected a folder or a file")
    return data


def data_path(engine: GuardedEngine) -> Path | None:
    """Return the engine's data, None without; raises StrategyError if it does not exist."""
    data = engine.data
    return None if data is None else _there(data)


def all_data(engine: GuardedEngine, hashed: Callable[[Path], str]) -> str | None:
    """Return the identity of all data that can count for a scenario; None without data."""
    data = data_path(engine)
    return None if data is None else hash_data(data, hashed, engine.data_files)
