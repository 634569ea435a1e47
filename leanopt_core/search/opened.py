"""The files that strategies open: their states, named so that each executor finds them."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from attrs import frozen
from leanopt_harness.opened import names_hash

from leanopt_core.executors.places import PlacedWorkers
from leanopt_core.search.prepare import Prepared
from leanopt_core.store.opened import OpenedSet, State
from leanopt_core.work import Answer, Launch

#: Mounts whose content is in the content key.
_KEYED: Final = frozenset({"data", "harness"})
_FOLDER: Final = "names "


@frozen
class SeenFiles:
    """How workers of one place see this machine's files.

    `mounts` are path there, name and path here of each mount, longest first. `shared` says that
    other files are the same ones too: in a container they belong to the image.
    """

    mounts: tuple[tuple[str, str, str], ...]
    shared: bool

    @classmethod
    def of(cls, launch: Launch, placeholders: Mapping[str, str]) -> SeenFiles:
        """Return the view of workers of a launch; `placeholders` are their paths by name."""
        mounts = [
            (placeholders[mount.name], mount.name, str(mount.source.absolute()))
            for mount in launch.mounts
            if mount.name in placeholders
        ]
        shared = all(there == here for there, _, here in mounts)
        return cls(tuple(sorted(mounts, key=lambda one: -len(one[0]))), shared)

    def find(self, path: str) -> tuple[str, str] | None:
        """Return the name and the path here of a worker's file; None if the key covers it."""
        for there, name, here in self.mounts:
            if path == there or path.startswith(f"{there}/"):
                rest = path[len(there) :]
                return None if name in _KEYED else (f"{{{name}}}{rest}", f"{here}{rest}")
        return (path, path) if self.shared else None

    def here(self, name: str) -> str:
        """Return the path here of a file by the name that `find` gave."""
        for _, mount, here in self.mounts:
            if name.startswith(f"{{{mount}}}"):
                return here + name[len(mount) + 2 :]
        return name


def opened_files(ready: Prepared, hashed: Callable[[Path], str]) -> OpenedFiles:
    """Return what will be known of the files that strategies open; `hashed` as there."""
    executor, launches = ready.executor, [place.build.launch for place in ready.places.values()]
    if isinstance(executor, PlacedWorkers):
        pairs = list(zip(executor.places().values(), launches, strict=True))
    else:
        pairs = [(executor, ready.build.launch)]
    views = [SeenFiles.of(one, there.reproduce_command(one).placeholders) for there, one in pairs]
    return OpenedFiles(views, hashed)


class OpenedFiles:
    """What the harnesses of a run have opened, and what that was like then.

    `places` are the views of workers by place. `hashed` returns a file's hash; it may cache hashes.
    """

    def __init__(self, places: Sequence[SeenFiles], hashed: Callable[[Path], str]) -> None:
        self._places = places
        self._hashed = hashed
        self._workers: dict[int, tuple[int, tuple[OpenedSet, ...]]] = {}
        self._states: dict[tuple[str, str], State] = {}
        self._told: set[str] = set()
        self._changed: set[str] = set()
        self._first: dict[str, State] = {}
        self._mixed: list[str] = []

    def sets(self, answer: Answer, worker: int, place: int) -> tuple[OpenedSet, ...]:
        """Return the sets that a backtest's result depends on, in order: most have one at most."""
        count, sets = self._workers.get(worker, (0, ()))
        if count < len(answer.opened):
            for told in answer.opened[count:]:
                if files := self._files(told, self._places[place]):
                    sets = (*sets, OpenedSet.of(sets[-1] if sets else None, files))
            self._workers[worker] = len(answer.opened), sets
        return sets

    def unseen(self, answer: Answer) -> list[str]:
        """Return what the strategy does that is in no file, once for each kind."""
        told = answer.payload.get("unseen")
        if not isinstance(told, dict):
            return []
        new = {str(kind): str(text) for kind, text in told.items() if str(kind) not in self._told}
        self._told.update(new)
        return [
            f"the strategy {text}: stored results do not notice if another result would come from "
            "there"
            for text in new.values()
        ]

    def changed(self) -> list[str]:
        """Return the files that workers had opened and that are others now, each once."""
        latest = {path: state for (path, _), state in self._states.items()}
        found = [
            path
            for path, state in latest.items()
            if path not in self._changed
            and not isinstance(state, bool)
            and self._now(path, folder=False) != state
        ]
        self._changed.update(found)
        return found

    def mixed(self) -> list[str]:
        """Return files of which results have used another content than before, each once."""
        new, self._mixed = self._mixed, []
        return new

    def same(self, name: str, state: State) -> bool:
        """Return whether a file of a stored set is as it was."""
        if isinstance(state, bool):
            return False
        path = self._places[0].here(name)
        same = self._now(path, folder=str(state).startswith(_FOLDER)) == state
        if same:
            self._used(name, state)
        return same

    def _files(self, told: Mapping[str, Any], seen: SeenFiles) -> dict[str, State]:
        found = [(seen.find(path), said) for path, said in told.items()]
        files = {one[0]: self._state(one[1], said) for one, said in found if one is not None}
        for name, state in files.items():
            self._used(name, state)
        return files

    def _used(self, name: str, state: State) -> None:
        """Note the content of a file that a result of this run has used."""
        if self._first.setdefault(name, state) != state or state is False:
            path = self._places[0].here(name)
            if path not in self._changed:
                self._changed.add(path)
                self._mixed.append(path)

    def _state(self, path: str, said: object) -> State:
        """Return the state of a file that a harness has opened; False if it has changed since."""
        if isinstance(said, str):
            return f"{_FOLDER}{said}"
        key = path, repr(said)
        if key not in self._states:
            now = self._now(path, folder=False)
            # A look after the hash, so that the hash is of what was opened.
            self._states[key] = now if _look(path) == said else False
        return self._states[key]

    def _now(self, path: str, *, folder: bool) -> State:
        try:
            if folder:
                return f"{_FOLDER}{names_hash(os.listdir(path))}"  # noqa: PTH208 - as the harness
            return self._hashed(Path(path))
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError:
            return False


def _look(path: str) -> list[int] | None:
    """Return size and time of change as a harness reports them, None if there is no such file."""
    try:
        status = os.stat(path)  # noqa: PTH116 - as the harness
    except OSError:
        return None
    return [status.st_size, status.st_mtime_ns]
