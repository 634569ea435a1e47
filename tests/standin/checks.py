"""What LEAN needs of a configuration, checked without LEAN."""

# It starts again for each backtest: no module that takes long to load.
# ruff: noqa: PTH112, PTH113, PTH118

from __future__ import annotations

import os
from typing import Any

_TEXTS = (
    "algorithm-type-name",
    "algorithm-location",
    "data-folder",
    "algorithm-id",
    "log-handler",
    "composer-dll-directory",
    "map-file-provider",
    "factor-file-provider",
)
_FOLDERS = ("results-destination-folder", "object-store-root")
_REFERENCE = (
    "symbol-properties/symbol-properties-database.csv",
    "market-hours/market-hours-database.json",
)


def mistakes(config: Any, *, folders: bool = True) -> list[str]:
    """Return what is wrong with a configuration, all at once.

    `folders` says whether it must name where LEAN writes.
    """
    if not isinstance(config, dict):
        return ["the configuration is not a JSON object"]
    wanted = _TEXTS + (_FOLDERS if folders else ())
    texts = [key for key in wanted if not (isinstance(config.get(key), str) and config[key])]
    wrong = [f'"{key}" is {config.get(key)!r}: expected a string' for key in texts]
    return wrong + _values(config) + _parameters(config.get("parameters")) + _files(config, texts)


def _values(config: dict[str, Any]) -> list[str]:
    allowed: dict[str, tuple[Any, ...]] = {
        "environment": ("backtesting",),
        "algorithm-language": ("CSharp", "Python"),
        "close-automatically": (True,),
        "data-feed-workers-count": (1, 2),
    }
    wrong = [
        f'"{key}" is {config.get(key)!r}: expected {" or ".join(map(repr, values))}'
        for key, values in allowed.items()
        if config.get(key) not in values or type(config[key]) is not type(values[0])
    ]
    if not isinstance(config.get("python-venv"), str):
        wrong.append('"python-venv" is not there')
    return wrong


def _parameters(parameters: Any) -> list[str]:
    if not isinstance(parameters, dict):
        return ['"parameters" is not an object']
    return [
        f'parameter "{name}" is {value!r}: expected a string'
        for name, value in parameters.items()
        if not isinstance(value, str)
    ]


def _files(config: dict[str, Any], unnamed: list[str]) -> list[str]:
    named = {key: value for key, value in config.items() if key not in unnamed}
    wrong = []
    if (file := named.get("algorithm-location")) and not os.path.isfile(file):
        wrong.append(f"algorithm-location: there is no file {file}")
    if data := named.get("data-folder"):
        missing = [name for name in _REFERENCE if not os.path.isfile(os.path.join(data, name))]
        wrong += [f"data-folder: there is no {name} in {data}" for name in missing]
    if (folder := named.get("composer-dll-directory")) and not os.path.isdir(folder):
        wrong.append(f"composer-dll-directory: there is no folder {folder}")
    return wrong
