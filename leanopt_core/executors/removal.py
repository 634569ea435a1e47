"""Remove a folder that others have filled, of any depth and with any file modes."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import count
from pathlib import Path
from secrets import token_hex

FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


def remove_tree(path: Path) -> OSError | None:
    """Remove a folder with all in it; return what was in the way, None where nothing is left.

    No link is followed below the folder's parent. One that is not there has been removed.
    """
    try:
        parent = os.open(path.parent, FOLDER & ~os.O_NOFOLLOW)
    except OSError as error:
        return None if isinstance(error, FileNotFoundError) else error
    try:
        return remove_below(path.name, parent)
    finally:
        os.close(parent)


def remove_below(name: str, parent: int) -> OSError | None:
    """Do what `remove_tree` does, in the open folder `parent`."""
    trouble = None
    try:
        with _opened(name, parent) as top:
            trouble = _empty(top)
        os.rmdir(name, dir_fd=parent)
    except FileNotFoundError:
        return None
    except OSError as error:
        return trouble or error
    return None


def _empty(top: int) -> OSError | None:
    """Remove what is in a folder; return the first thing that was in the way.

    Folders below are moved up, and so opened one at a time: no depth is too deep.
    """
    # Random, since whoever filled this folder may have used any other name.
    token, numbers = token_hex(8), count()
    trouble, pending = None, _folders(top)
    while pending:
        name = pending.pop()
        try:
            with _opened(name, top) as here:
                for below in _folders(here):
                    _open_up(below, here)  # to be moved, it has to be writable
                    moved = f"{token}-{next(numbers)}"
                    os.rename(below, moved, src_dir_fd=here, dst_dir_fd=top)
                    pending.append(moved)
            os.rmdir(name, dir_fd=top)
        except FileNotFoundError:
            continue
        except OSError as error:
            trouble = trouble or error
    return trouble


def _folders(here: int) -> list[str]:
    """Remove what is no folder; return the names of the folders."""
    with os.scandir(here) as entries:
        found = [(entry.name, entry.is_dir(follow_symlinks=False)) for entry in entries]
    for name, is_folder in found:
        if not is_folder:
            with suppress(FileNotFoundError):
                os.unlink(name, dir_fd=here)
    return [name for name, is_folder in found if is_folder]


@contextmanager
def _opened(name: str, parent: int) -> Iterator[int]:
    _open_up(name, parent)
    here = os.open(name, FOLDER, dir_fd=parent)
    try:
        yield here
    finally:
        os.close(here)


def _open_up(name: str, parent: int) -> None:
    """Let the caller into a folder that is the caller's; another's stays as it is."""
    with suppress(PermissionError):
        if sys.platform != "linux":
            os.chmod(name, 0o700, dir_fd=parent, follow_symlinks=False)
            return
        # Linux changes no mode of what may be a link; what has been opened is none.
        here = os.open(name, os.O_PATH | FOLDER, dir_fd=parent)
        try:
            Path(f"/proc/self/fd/{here}").chmod(0o700)
        finally:
            os.close(here)
