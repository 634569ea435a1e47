"""What a strategy may change about its process, put right before the next backtest."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from typing import TextIO


def standard_error() -> TextIO:
    """Return a new text stream onto descriptor 2, line by line."""
    return open(2, "w", buffering=1, errors="backslashreplace", closefd=False)


class Surroundings:
    """The current folder and the two output streams, as they are now."""

    def __init__(self) -> None:
        self._folder: str | None = None
        with suppress(OSError):  # it may have been removed
            self._folder = os.getcwd()  # noqa: PTH109 - a string goes back as it came

    def restore(self) -> None:
        """Go back to the folder, and open again what was closed or taken away of the streams."""
        if self._folder is not None:
            with suppress(OSError):
                os.chdir(self._folder)
        if sys.stderr is None or sys.stderr.closed:
            sys.stderr = standard_error()
        if sys.stdout is None or sys.stdout.closed:
            sys.stdout = sys.stderr
