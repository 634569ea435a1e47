"""Standard streams that survive being closed, full, or without a reader."""

from __future__ import annotations

import io
import os
import select
import sys
from contextlib import suppress
from typing import TYPE_CHECKING, TextIO

from leanopt_core.errors import LeanoptError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from _typeshed import ReadableBuffer

_STANDARD_OUTPUT, _STANDARD_ERROR = 1, 2


class ReaderGoneError(Exception):
    """The reader of standard output is gone, as with `head`; this is not an error to report."""


def make_safe() -> None:
    """Replace the standard streams with ones that handle write errors.

    A closed stream drops its output. If standard error cannot be written, it is dropped silently.
    Standard output then raises ReaderGoneError or a LeanoptError with the reason, once.
    """
    _fill()
    sys.stdin = sys.stdin or open(os.devnull, encoding="utf-8")  # noqa: PTH123, SIM115
    sys.stdout = _text(_Output(_STANDARD_OUTPUT, "w", closefd=False), sys.stdout)
    sys.stderr = _text(_Silenced(_STANDARD_ERROR, "w", closefd=False), sys.stderr)


def _fill() -> None:
    """Open the closed ones of descriptors 0 to 2, so that no file of ours gets their numbers."""
    while (number := os.open(os.devnull, os.O_RDWR)) <= _STANDARD_ERROR:
        os.set_inheritable(number, True)
    os.close(number)


def _text(raw: io.FileIO, like: TextIO | None) -> TextIO:
    """Return a text stream on `raw` with the settings of `like` (None if that was closed)."""
    terminal = raw.isatty()
    return io.TextIOWrapper(
        io.BufferedWriter(raw),
        encoding=like.encoding if like else "utf-8",
        errors=(like.errors if like else None) or "backslashreplace",
        newline="\n",
        line_buffering=terminal or isinstance(raw, _Silenced),
    )


def log_file(path: Path, lost: Callable[[OSError], None]) -> TextIO:
    """Open a file to append lines; on a write error call `lost` and drop what follows.

    Raises OSError if the file cannot be opened.
    """
    raw = _Silenced(path, "a")
    raw.lost = lost
    return _text(raw, None)


class _Descriptor(io.FileIO):
    """A descriptor that waits if it is non-blocking and full."""

    def write(self, data: ReadableBuffer, /) -> int:
        while (taken := self._try(data)) is None:
            select.select([], [self], [])
        return taken

    def _try(self, data: ReadableBuffer) -> int | None:
        # None if it would block, which the type of `write` does not say.
        taken: int | None = super().write(data)
        return taken

    def silence(self) -> None:
        """Drop everything that is written from now on."""
        with suppress(OSError):
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, self.fileno())
            os.close(nowhere)


class _Silenced(_Descriptor):
    lost: Callable[[OSError], None] | None = None

    def write(self, data: ReadableBuffer, /) -> int:
        try:
            return super().write(data)
        except OSError as error:
            self.silence()
            if self.lost is not None:
                self.lost(error)
            return memoryview(data).nbytes


class _Output(_Descriptor):
    def write(self, data: ReadableBuffer, /) -> int:
        try:
            return super().write(data)
        except BrokenPipeError:
            self.silence()
            raise ReaderGoneError from None
        except OSError as error:
            self.silence()
            raise LeanoptError(f"standard output cannot be written: {error.strerror}") from None
