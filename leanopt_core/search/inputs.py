"""The files that decide results: how they were when the run was prepared, and what has changed."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from pathlib import Path
from struct import Struct
from typing import Final, Generic, TypeVar

from leanopt_core.content import TICK, appearance, hash_file
from leanopt_core.errors import StrategyError

T = TypeVar("T")

#: Returns a file's SHA-256 in hexadecimal.
Hash = Callable[[Path], str]

# A folder can hold a million files: size, times and inode of each are packed, and its hash.
_PACKED: Final = Struct("<QqqQ32s")
# No file has this inode.
_UNSETTLED: Final = 0


class Inputs(Generic[T]):
    """Data, and the strategy's files that workers read in place, as a run was prepared with them.

    Checking them is cheap: a file is hashed again only if its size, times or inode differ. Used by
    one thread at a time.
    """

    def __init__(self, identify: Callable[[Hash], T], hashed: Hash = hash_file) -> None:
        """Note every file that `identify`, given a function for hashes, uses for the identity.

        `hashed` may remember hashes.
        """
        #: When this was last known to be what workers read, in seconds since 1970.
        self.known_at = time.time()
        self._identify = identify
        self._noted: dict[str, bytes] = {}
        self._in_place: dict[Path, str] = {}
        self.identity = identify(lambda path: self._note(path, hashed))

    def __bool__(self) -> bool:
        return bool(self._noted or self.identity)

    def add(self, in_place: Mapping[Path, str]) -> None:
        """Note files of the strategy with the hashes that were taken of them."""
        for path, found in in_place.items():
            self._in_place[path] = found
            looked = appearance(path)._replace(inode=_UNSETTLED)
            self._noted[str(path)] = _PACKED.pack(*looked, bytes.fromhex(found))

    def changes(self) -> tuple[str, ...]:
        """Return a line for each file that has changed, is gone or is new."""
        begun = time.time()
        seen: dict[str, str] = {}

        def again(path: Path) -> str:
            found, line = self._again(path)
            seen[str(path)] = line
            return found

        try:
            identity = self._identify(again)
            in_place = {path: again(path) for path in self._in_place}
        except (OSError, StrategyError) as error:
            return (*filter(None, seen.values()), _reason(error))
        if identity == self.identity and in_place == self._in_place:
            self.known_at = begun
            return ()
        gone = tuple(f"{path} is gone" for path in self._noted if path not in seen)
        return (*filter(None, seen.values()), *gone) or ("the identity of the data has changed",)

    def _note(self, path: Path, hashed: Hash) -> str:
        before, found = appearance(path), hashed(path)
        # A file that may still change unnoticed is hashed again.
        after = appearance(path)
        settled = before == after and before.changed < (time.time() - TICK) * 1e9
        looked = before if settled else before._replace(inode=_UNSETTLED)
        self._noted[str(path)] = _PACKED.pack(*looked, bytes.fromhex(found))
        return found

    def _again(self, path: Path) -> tuple[str, str]:
        """Return a file's hash, and how it has changed, empty if it has not."""
        if (noted := self._noted.get(str(path))) is None:
            return hash_file(path), f"{path} is new"
        *looked, sha256 = _PACKED.unpack(noted)
        now = appearance(path)
        if now == tuple(looked):
            return sha256.hex(), ""
        found = self._note(path, hash_file)
        if found == sha256.hex():
            return found, ""
        self._noted[str(path)] = noted
        size = f"size {looked[0]:,} to {now.size:,} bytes, " if looked[0] != now.size else ""
        return found, f"{path} has changed: {size}hash {sha256.hex()[:12]} to {found[:12]}"


def _reason(error: OSError | StrategyError) -> str:
    if isinstance(error, OSError):
        return f"{error.filename} cannot be read: {error.strerror}"
    return str(error)
