"""Scratch folders: one per running leanopt, in it one per worker, in it one per request.

<project>/.leanopt/scratch/<pid>-...    ScratchRoot, locked while its leanopt lives
<worker>-<number>                     LocalScratch
<id of the request>                 `jobs.RequestFolder`
"""

from __future__ import annotations

import fcntl
import os
import re
import stat
import tempfile
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from leanopt_core.errors import ExecutorError
from leanopt_core.executors.removal import FOLDER, remove_below, remove_tree
from leanopt_core.project_files import STATE, make_folder

_LOCK = "lock"
# The process, and what `mkdtemp` adds.
_OURS = re.compile(r"\d+-[a-z0-9_]{8}")


class LocalScratch:
    """One worker's scratch folder on this machine; its methods are those of a `Channel`.

    It is made here, and removed when nobody holds this value any more. With `owner`, a user and a
    group, all that is made here is given to them: the worker's, where that is not the caller.
    """

    def __init__(self, path: Path, owner: tuple[int, int] | None = None) -> None:
        path.mkdir(mode=0o700)
        self.path = path
        self._owner = owner
        if owner is not None:
            os.chown(path, *owner)
        # Also at exit, where nobody has let go of this value.
        weakref.finalize(self, _remove, path, os.getpid())

    def put(self, name: str, content: bytes) -> None:
        """Write a file, in place of one that may be there; its folders are made.

        Raises ExecutorError for a name that would leave the folder, or where writing fails.
        """
        try:
            with self._folder(name, make=True) as (folder, last):
                # The strategy may have put a link here, which must not lead the write elsewhere.
                _unlink(last, folder)
                flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
                with os.fdopen(os.open(last, flags, 0o600, dir_fd=folder), "wb") as file:
                    self._give(file.fileno())
                    file.write(content)
        except OSError as error:
            raise ExecutorError(f"scratch file '{name}' cannot be written: {error}") from None

    def open(self, name: str) -> BinaryIO:
        """Open a file to read.

        Raises FileNotFoundError where it is not there, ExecutorError where the name would leave
        the folder or leads to anything but a plain file.
        """
        try:
            with self._folder(name) as (folder, last):
                # Not blocking, or a FIFO would hold this thread until somebody writes to it.
                flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
                descriptor = os.open(last, flags, dir_fd=folder)
        except FileNotFoundError:
            raise
        except OSError as error:
            raise ExecutorError(f"scratch file '{name}' cannot be read: {error}") from None
        # After opening: before, the strategy could still exchange the file.
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            os.close(descriptor)
            raise ExecutorError(f"scratch file '{name}' is no plain file")
        return os.fdopen(descriptor, "rb")

    def names(self, folder: str) -> list[str]:
        """Return every plain file below `folder`, by name from there, sorted; links are no files.

        Nothing where it is not there. Raises ExecutorError for a name that would leave the scratch
        folder, or where it cannot be looked into.
        """
        try:
            with self._folder(f"{folder}/any") as (here, _):
                return sorted(_plain_files(here))
        except FileNotFoundError:
            return []
        except OSError as error:
            raise ExecutorError(f"scratch folder '{folder}' cannot be read: {error}") from None

    def remove(self, folder: str) -> None:
        """Remove `folder` with all in it, if it is there; what resists goes with the worker's."""
        with suppress(OSError), self._folder(folder) as (parent, last):
            remove_below(last, parent)

    def _give(self, descriptor: int) -> None:
        if self._owner is not None:
            os.fchown(descriptor, *self._owner)

    @contextmanager
    def _folder(self, name: str, *, make: bool = False) -> Iterator[tuple[int, str]]:
        """Give the open folder that `name` is in, reached without any link, and its last part."""
        *folders, last = parts(name)
        here = os.open(self.path, FOLDER)
        try:
            for folder in folders:
                made = make and _make(folder, here)
                below = os.open(folder, FOLDER, dir_fd=here)
                os.close(here)
                here = below
                if made:
                    self._give(here)
            yield here, last
        finally:
            os.close(here)


def scratch_home(project: Path, folder: Path | None = None) -> Path:
    """Return where scratch folders are made: in the project, else below `folder`, by user."""
    if folder is None:
        return project.absolute() / STATE / "scratch"
    return folder.resolve() / f"leanopt-{os.getuid()}"


class ScratchRoot:
    """The folder of one leanopt's scratch folders, `<project>/.leanopt/scratch/<pid>-...`.

    It is locked while its owner lives, so that the next start knows the orphans.
    `sweep` is called with each orphan before it is removed; without it they stay. With `folder`
    they are below it, in `leanopt-<user id>/<pid>-...`. Raises ExecutorError if none can be made.
    """

    def __init__(
        self,
        project: Path,
        sweep: Callable[[Path], None] | None,
        folder: Path | None = None,
    ) -> None:
        root = scratch_home(project, folder)
        if folder is not None and not folder.is_dir():
            raise ExecutorError(
                f"executor.scratch_folder: there is no folder {folder}; make it, or name another"
            )
        try:
            make_folder(root, 0o700)
            if (found := root.lstat()).st_uid != os.getuid() or not stat.S_ISDIR(found.st_mode):
                # In a folder for all users, another one may have made it to read what is written.
                raise ExecutorError(f"{root} is no folder of this user's; name another folder")
            # Until it has its own lock, a new folder looks like an orphan to another start.
            with _locked(root / _LOCK):
                if sweep is not None:
                    _clear(root, sweep)
                self.path = Path(tempfile.mkdtemp(prefix=f"{os.getpid()}-", dir=root))
                self._lock = os.open(self.path / _LOCK, os.O_RDWR | os.O_CREAT, 0o600)
                fcntl.flock(self._lock, fcntl.LOCK_EX)
        except OSError as error:
            raise ExecutorError(f"no scratch folder can be made below {root}: {error}") from None
        self._close = weakref.finalize(self, _release, self.path, self._lock, os.getpid())

    def close(self) -> None:
        """Remove the folder with everything in it."""
        self._close()


def parts(name: str) -> tuple[str, ...]:
    """Return the parts of a name below a scratch folder; raises ExecutorError for another name."""
    path = PurePosixPath(name)
    if not path.parts or path.is_absolute() or ".." in path.parts or "\0" in name:
        raise ExecutorError(f"'{name}' is no name below the scratch folder")
    return path.parts


def _plain_files(folder: int) -> Iterator[str]:
    for here, _, names, descriptor in os.fwalk(".", dir_fd=folder):
        for name in names:
            with suppress(FileNotFoundError):  # it went in the meantime
                if stat.S_ISREG(os.stat(name, dir_fd=descriptor, follow_symlinks=False).st_mode):
                    yield PurePosixPath(here, name).as_posix()


def _make(folder: str, parent: int) -> bool:
    """Make a folder; return whether it was not there."""
    try:
        os.mkdir(folder, 0o700, dir_fd=parent)
    except FileExistsError:
        return False
    return True


def _unlink(name: str, folder: int) -> None:
    try:
        os.unlink(name, dir_fd=folder)
    except FileNotFoundError:
        return


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    lock = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
    finally:
        os.close(lock)


def _clear(root: Path, sweep: Callable[[Path], None]) -> None:
    """Remove the folders whose owner is dead; the root's lock is held.

    What else is there, as where the root leads to another disk, is none of ours.
    """
    for folder in root.iterdir():
        ours = _OURS.fullmatch(folder.name) and folder.is_dir() and not folder.is_symlink()
        if ours and _abandoned(folder / _LOCK):
            # First, since what still runs would write there again.
            sweep(folder)
            remove_tree(folder)


def _abandoned(path: Path) -> bool:
    try:
        lock = os.open(path, os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC)
    # Its owner died before it locked the folder, or has begun to remove it.
    except FileNotFoundError:
        return True
    except OSError:
        return False
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    finally:
        os.close(lock)
    return True


def _remove(path: Path, owner: int) -> None:
    # A forked child holds copies of these values; the folder is not its own.
    if os.getpid() == owner:
        remove_tree(path)


def _release(path: Path, lock: int, owner: int) -> None:
    if os.getpid() == owner:
        remove_tree(path)
        os.close(lock)
