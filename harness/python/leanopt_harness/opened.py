"""Notes what a strategy opens to read, lists and imports: its results depend on that."""

# Paths are strings here: conversions would count in a backtest of 0.1 ms.
# ruff: noqa: PTH100, PTH112, PTH116, PTH118, PTH120, PTH208

from __future__ import annotations

import hashlib
import os
import stat
import sys
import time
from collections.abc import Callable, Collection
from contextlib import suppress
from functools import partial
from threading import get_ident
from types import FrameType
from typing import Any, TypeAlias
from urllib.parse import unquote, urlsplit

from leanopt_harness.project import LIBRARY, installed
from leanopt_harness.unseen import KINDS, describe

#: A file's size and time of change in nanoseconds, a folder's hash of names, None if absent.
State: TypeAlias = "list[int] | str | None"

# Not files of this machine's disks, and what leanopt and Python write where they run.
_SYSTEM = ("/proc/", "/sys/", "/dev/")
_WRITTEN = frozenset({".leanopt", "__pycache__"})
_IMPORTS = ("<frozen importlib", os.path.join(LIBRARY, "importlib", ""))
_NEW = os.O_TRUNC | os.O_EXCL
# A folder may change twice within one tick of its file system's clock, and look unchanged.
_TICK = 2_000_000_000


class Opened:
    """What has been opened so far, by absolute path, each with its state when it was opened.

    Left out are the interpreter, installed distributions, and what the process itself has made.
    `roots` are the folders where modules belong to the strategy's identity.
    """

    def __init__(self, roots: Collection[str] = ()) -> None:
        self._roots = frozenset(roots)
        self._apart: set[str] = set()
        self._below: tuple[str, ...] = _SYSTEM
        self._states: dict[str, State] = {}
        self._made: set[str] = set()
        self._new: dict[str, State] = {}
        self._begun: set[str] = set()
        self._unseen: dict[str, str] = {}
        self._listing: set[int] = set()
        self._listed: dict[str, int] = {}
        self._tried: set[tuple[str, ...]] = set()
        self._notes: dict[str, Callable[[tuple[Any, ...]], None]] = {
            "open": self._open,
            "os.listdir": self._list,
            "os.scandir": self._list,
            "os.mkdir": self._make,
            "os.rename": self._rename,
            "sqlite3.connect": self._database,
            "ctypes.dlopen": self._library,
            "import": self._extension,
            **{event: partial(self._begins, kind) for event, kind in KINDS.items()},
        }

    def install(self) -> None:
        """Begin to take notes; it cannot be ended."""
        sys.addaudithook(self._hook)
        sys.meta_path.insert(0, self)

    def leave_out(self, *paths: str | os.PathLike[str]) -> None:
        """Leave out these files and folders: what is in them is known otherwise."""
        for path in paths:
            # A path with a null byte names nothing that could be opened.
            with suppress(ValueError):
                self._apart |= {os.path.abspath(path), os.path.realpath(path)}
        self._below = (*_SYSTEM, *(os.path.join(path, "") for path in self._apart))

    def take(self) -> dict[str, State]:
        """Return what has been opened since the last call."""
        new, self._new = self._new, {}
        return {path: state for path, state in new.items() if not self._skips(path)}

    def take_unseen(self) -> dict[str, str]:
        """Return, once for each kind, what the strategy does that no note covers."""
        told, self._unseen = self._unseen, {}
        return told

    def _hook(self, event: str, arguments: tuple[Any, ...]) -> None:
        note = self._notes.get(event)
        if note is None:  # nearly always
            return
        # An exception here would be raised by what the strategy calls.
        with suppress(OSError, ValueError, TypeError, AttributeError):
            note(arguments)

    def _begins(self, kind: str, arguments: tuple[Any, ...]) -> None:
        if kind not in self._begun:
            self._begun.add(kind)
            self._unseen[kind] = describe(kind, arguments)

    def _open(self, arguments: tuple[Any, ...]) -> None:
        path, _, flags = arguments
        if type(path) is int:
            return
        full, access = _absolute(path), flags & os.O_ACCMODE
        if self._skips(full):
            return
        if flags & _NEW and access != os.O_RDONLY:
            # A temporary file without a name is opened by its folder's.
            if not os.path.isdir(full):
                self._made.add(full)
        elif access == os.O_RDONLY:
            self._read(_source(full))
        elif flags & os.O_CREAT and not os.path.lexists(full):
            self._made.add(full)
        elif access == os.O_RDWR:
            self._read(full)

    def _read(self, full: str) -> None:
        try:
            status = os.stat(full)
        except (FileNotFoundError, NotADirectoryError):
            self._note(full, None)
        else:
            if stat.S_ISREG(status.st_mode):
                self._note(full, [status.st_size, status.st_mtime_ns])

    def _list(self, arguments: tuple[Any, ...]) -> None:
        path = "." if arguments[0] is None else arguments[0]
        if type(path) is int:
            return
        full, thread = _absolute(path), get_ident()
        if thread in self._listing or self._skips(full):
            return
        # An import lists folders to find modules: `find_spec` notes what it depends on.
        caller = sys._getframe(2).f_code.co_filename  # noqa: SLF001 - Python's documented way
        if caller.startswith("<frozen importlib"):
            return
        self._listing.add(thread)
        try:
            changed = os.stat(full).st_mtime_ns
            if self._listed.get(full) != changed:
                self._note(full, names_hash(os.listdir(full)))
                if changed < time.time_ns() - _TICK:
                    self._listed[full] = changed
        except (FileNotFoundError, NotADirectoryError):
            self._note(full, None)
        finally:
            self._listing.discard(thread)

    def _make(self, arguments: tuple[Any, ...]) -> None:
        full = _absolute(arguments[0])
        if not os.path.lexists(full):
            self._made.add(full)

    def _rename(self, arguments: tuple[Any, ...]) -> None:
        source, target = map(_absolute, arguments[:2])
        if source in self._made:
            self._made.add(target)

    def find_spec(self, name: str, path: object = None, _target: object = None) -> None:
        """Note where a module that is no distribution's would be, there or not; find nothing.

        Python calls this before its own finders, for each module that it does not have yet.
        """
        # Once is enough: an import that fails opens nothing, another one opens the file.
        tried = (name, *sys.path)
        if path is not None or name in sys.stdlib_module_names or tried in self._tried:
            return
        self._tried.add(tried)
        # Python's own modules look for those of other systems.
        if _importer(sys._getframe(1)).startswith(LIBRARY):  # noqa: SLF001
            return
        for folder in filter(os.path.isdir, map(os.path.abspath, sys.path)):
            places = os.path.join(folder, f"{name}.py"), os.path.join(folder, name, "__init__.py")
            if folder not in self._roots and not self._skips(os.path.join(folder, "")):
                for place in places:
                    self._read(place)
            if any(map(os.path.exists, places)):
                return

    def _extension(self, arguments: tuple[Any, ...]) -> None:
        """Note a compiled module; only for these does the event tell a file."""
        if arguments[1] is not None:
            self._library(arguments[1:])

    def _library(self, arguments: tuple[Any, ...]) -> None:
        """Note a library that the system loads; a name without a folder is one of the system's."""
        if arguments[0] is not None and os.sep in os.fsdecode(arguments[0]):
            self._loaded(arguments[0])

    def _database(self, arguments: tuple[Any, ...]) -> None:
        """Note a database, by its path or its URI; one in memory is no file."""
        name = os.fsdecode(arguments[0])
        if name.startswith("file:"):
            uri = urlsplit(name)
            name = "" if "mode=memory" in uri.query else unquote(uri.path)
        if name not in ("", ":memory:"):
            self._loaded(name)

    def _loaded(self, path: Any) -> None:
        full = _absolute(path)
        if not self._skips(full):
            self._read(full)

    def _note(self, full: str, state: State) -> None:
        known = self._states.get(full, ...)
        if known != state and not self._is_made(full):
            self._states[full] = self._new[full] = state

    def _skips(self, full: str) -> bool:
        return full.startswith(self._below) or full in self._apart or installed(full)

    def _is_made(self, full: str) -> bool:
        """Return whether the process made a file, or a folder that it is in."""
        while self._made and full not in self._made:
            above = os.path.dirname(full)
            if above == full:
                return False
            full = above
        return bool(self._made)


def _importer(frame: FrameType | None) -> str:
    """Return the file that an import is in, from a frame of the import system."""
    while frame is not None and frame.f_code.co_filename.startswith(_IMPORTS):
        frame = frame.f_back
    return "" if frame is None else frame.f_code.co_filename


def names_hash(names: list[str]) -> str:
    """Return the hash of a folder's listing, without what leanopt and Python write."""
    kept = sorted(os.fsencode(name) for name in names if name not in _WRITTEN)
    return hashlib.sha256(b"\0".join(kept)).hexdigest()


def _absolute(path: Any) -> str:
    if type(path) is str and path.startswith("/") and "/." not in path and "//" not in path:
        return path  # most are, and this takes a tenth of the time
    return os.path.abspath(os.fsdecode(path))


def _source(full: str) -> str:
    """Return the source of a compiled module: Python looks at its time, and opens the other."""
    folder, name = os.path.split(full)
    if name.endswith(".pyc") and folder.endswith("__pycache__"):
        return os.path.join(os.path.dirname(folder), f"{name.partition('.')[0]}.py")
    return full
