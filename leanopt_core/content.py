"""Content hashes of files and folders, and the content key of a backtest."""

from __future__ import annotations

import fnmatch
import os
import re
from collections.abc import Callable, Iterator, Sequence
from hashlib import file_digest, sha256
from pathlib import Path

from leanopt_core.canonical import digest
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
    the files count whose name from there fits one of `patterns`, where there are any.
    """
    if path.is_file():
        return digest({path.name: hashed(path)})
    fits = [re.compile(fnmatch.translate(pattern)).match for pattern in patterns or ("*",)]
    return digest(
        {name: hashed(file) for name, file in _files(path) if any(fit(name) for fit in fits)}
    )


def _files(folder: Path) -> Iterator[tuple[str, Path]]:
    """Yield every file by its name from `folder`, in linked folders too, each folder once a chain.

    Data is often linked in from elsewhere; a link to a folder above itself has no end.
    """
    found: list[str] = []
    chains = {str(folder): {folder.resolve()}}
    for here, folders, files in os.walk(folder, followlinks=True):
        chain = chains.pop(here)
        for name in list(folders):
            below = os.path.join(here, name)  # noqa: PTH118 - as os.walk names it
            real = Path(below).resolve()
            if real in chain:
                folders.remove(name)
            else:
                chains[below] = {*chain, real}
        found += (os.path.join(here, name) for name in files)  # noqa: PTH118
    for file in sorted(map(Path, found)):
        if file.is_file():
            yield file.relative_to(folder).as_posix(), file


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
