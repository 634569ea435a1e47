"""Content hashes of files and folders, and the content key of a backtest."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from hashlib import file_digest, sha256
from pathlib import Path

from leanopt_core.canonical import digest
from leanopt_core.data_files import selected
from leanopt_core.work import Scenario

#: The version of the content key: it changes when keys of equal content would come out otherwise.
KEY_VERSION = 1


def hash_file(path: Path) -> str:
    """Return the SHA-256 of a file's bytes, in hexadecimal."""
    with path.open("rb") as file:
        return file_digest(file, "sha256").hexdigest()


def hash_data(
    path: Path,
    hashed: Callable[[Path], str] = hash_file,
    patterns: Sequence[str] | None = None,
) -> str:
    """Return the identity of a data file or folder: names and contents of all files in it.

    `hashed` gives one file's hash, as one that remembers hashes by size and time. Of a folder only
    the files count whose name from there fits one of `patterns`, where there are any. Raises
    StrategyError where one of them fits none: what was meant would not be watched.
    """
    if path.is_file():
        return digest({path.name: hashed(path)})
    return digest({name: hashed(file) for name, file in selected(path, patterns)})


def scenario_key(build: str, data: str | None, scenario: Scenario) -> str:
    """Return the part of the content keys that all backtests under `scenario` share.

    `build` is the build's full identity, `data` the data's, None where no data is read.
    """
    return digest(
        {"version": KEY_VERSION, "build": build, "data": data, "scenario": scenario.to_dict()}
    )


def content_key(shared: str, parameters: str) -> str:
    """Return the key under which a backtest's outcome is known: what decides it, hashed.

    `shared` is its `scenario_key`, `parameters` the canonical JSON of its parameters.
    """
    return sha256(f"{shared}{parameters}".encode()).hexdigest()
