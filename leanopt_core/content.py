"""Content hashes of files and folders, and the content key of a backtest."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from hashlib import file_digest, sha256
from pathlib import Path
from typing import Final, NamedTuple

from leanopt_core.canonical import digest
from leanopt_core.data_files import present, selected
from leanopt_core.work import Scenario

#: The version of the content key: it changes when keys of equal content would come out otherwise.
#: A backtest stored under an older one stays with its runs and answers no other.
KEY_VERSION = 3


#: Seconds within which a file may change twice and look unchanged: a file system's clock has ticks.
TICK: Final = 2.0


class Appearance(NamedTuple):
    """What a file looks like without reading it; times are in nanoseconds since 1970."""

    size: int
    modified: int
    changed: int
    inode: int


def appearance(path: Path) -> Appearance:
    """Return what a file looks like; raises OSError if there is none."""
    stat = path.stat()
    return Appearance(stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns, stat.st_ino)


def hash_file(path: Path) -> str:
    """Return the SHA-256 of a file's bytes, in hexadecimal."""
    with path.open("rb") as file:
        return file_digest(file, "sha256").hexdigest()


def hash_data(
    path: Path,
    hashed: Callable[[Path], str] = hash_file,
    patterns: Sequence[str] | None = None,
) -> str:
    """Return the identity of a data file or folder: names and contents of its files.

    `hashed` returns a file's hash; it may cache hashes. With `patterns`, only files that match one
    count. Raises StrategyError if a pattern matches no file: its data would not be tracked.
    """
    if path.is_file():
        return digest({path.name: hashed(path)})
    return digest({name: hashed(file) for name, file in selected(path, patterns)})


def hash_present(
    path: Path, patterns: Sequence[str], hashed: Callable[[Path], str] = hash_file
) -> tuple[str, int]:
    """Return the identity of the data files that match `patterns`, and their number.

    Unlike in `hash_data`, a pattern may match no file. If such a file appears, the identity
    changes.
    """
    found = {name: hashed(file) for name, file in present(path, patterns)}
    return digest(found), len(found)


def hash_variables(variables: Mapping[str, str]) -> dict[str, str]:
    """Return the SHA-256 of environment variables by name, in hexadecimal; values are not kept."""
    return {
        name: sha256(f"{name}={value}".encode()).hexdigest() for name, value in variables.items()
    }


def scenario_key(source: str, build: str, data: str | None, scenario: Scenario) -> str:
    """Return the part of the content key that all backtests under `scenario` share.

    `source` is the hash of the strategy's files: it counts even if an engine leaves it out of
    `build`, the build's identity. `data` is the identity of the data that the scenario reads (None
    without data). The scenario's name is no part of the key.
    """
    return digest(
        {
            "version": KEY_VERSION,
            "source": source,
            "build": build,
            "data": data,
            "scenario": scenario.settings(),
        }
    )


def content_key(shared: str, parameters: str) -> str:
    """Return the cache key of a backtest: a hash of everything that decides its outcome.

    `shared` is its `scenario_key`, `parameters` the canonical JSON of its parameters.
    """
    return sha256(f"{shared}{parameters}".encode()).hexdigest()
