"""Reads lean-optimizer's `.env`. Pipelines refer to its variables; the values stay there."""

from __future__ import annotations

from pathlib import Path
from types import MappingProxyType
from typing import Final

from leanopt_core.api import read_dotenv
from leanopt_lean.importing.draft import UNSAID, At, Draft
from leanopt_lean.importing.table import exact

IMAGE: Final = "LEAN_IMAGE"
DATA: Final = "LEAN_DATA_HOST_PATH"
LAUNCHER: Final = "LEAN_LAUNCHER_WORKDIR"
WORKSPACE: Final = "LEAN_WORKSPACE"
WORKERS: Final = "WORKER_COUNT"
_PLACES: Final = "leanopt uses its own paths in containers"
_REASONS: Final = MappingProxyType(
    {
        "LEAN_DATA_CONTAINER_PATH": _PLACES,
        "ARTIFACTS_CONTAINER_PATH": _PLACES,
        "RESULTS_CONTAINER_PATH": _PLACES,
        "LEAN_DOCKER_NETWORK": "workers have no network",
        "RESULTS_SCRATCH_PATH": "results are temporary; set [executor] scratch_folder",
        WORKSPACE: "set by [strategy] project",
    }
)
_OTHER: Final = "the pipeline does not use it"


def read_variables(folder: Path) -> dict[str, str]:
    """Return the variables in a folder's `.env`, without empty ones."""
    return {name: value for name, value in read_dotenv(folder / ".env").items() if value}


def worker_count(variables: dict[str, str], draft: Draft) -> int | None:
    """Return the number of workers, None if it is unset or 0."""
    if WORKERS not in variables:
        return None
    number = exact(variables[WORKERS])
    if not isinstance(number, int):
        draft.mistake(At(".env", (WORKERS,)), UNSAID, "expected a whole number")
        return None
    return number or None


def name_the_rest(variables: dict[str, str], draft: Draft) -> None:
    """Note every variable that the pipeline does not use, without its value."""
    for name in variables:
        if name not in draft.variables and name != WORKERS:
            draft.dropped(At(".env", (name,)), _REASONS.get(name, _OTHER))
