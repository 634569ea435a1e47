"""What a process prints, however much it is."""

from __future__ import annotations

import re
import sys

from leanopt_lean.launcher.trouble import UNSET

#: How much is passed on as it comes, and how much is kept of the end, in bytes.
PASSED_ON = 64 * 1024
KEPT = 64 * 1024
# LEAN's word for remote data that it goes on without.
_SKIPPED = re.compile(rb"[Ss]kip(?:ping source \(|ped: )[^\n]*?(\w+://[^\s)]+)[\s)]")
_UNSET = re.compile(re.escape(UNSET).encode() + rb"([^\n]+)\n")
_LONGEST_LINE = 4 * 1024


class Printed:
    """Passes the beginning on to standard error, and keeps the end.

    `skipped` is the first address of remote data that LEAN says it goes on without, `unset` why it
    could not set a parameter.
    """

    def __init__(self) -> None:
        self.skipped = ""
        self.unset = ""
        self._end = b""
        self._count = 0

    def add(self, data: bytes) -> None:
        """Take what was printed next."""
        recent = self._end[-_LONGEST_LINE:] + data
        if not self.skipped and (found := _SKIPPED.search(recent)):
            self.skipped = found[1].decode("utf-8", "replace")
        if not self.unset and (found := _UNSET.search(recent)):
            self.unset = found[1].decode("utf-8", "replace")
        beginning = data[: max(0, PASSED_ON - self._count)]
        if beginning:
            _pass_on(beginning)
        self._count += len(data)
        self._end = (self._end + data)[-KEPT:]

    def close(self) -> None:
        """Pass on what was kept of the rest."""
        rest = self._count - PASSED_ON
        if rest > 0:
            if left_out := max(0, rest - KEPT):
                _pass_on(f"\n... {left_out} bytes left out ...\n".encode())
            _pass_on(self._end[-rest:])

    def end(self, longest: int) -> str:
        """Return the last lines, of `longest` characters at most together."""
        text = self._end.decode("utf-8", "replace").strip()
        return text if len(text) <= longest else "..." + text[-longest:]


def _pass_on(data: bytes) -> None:
    try:
        sys.stderr.buffer.write(data)
        sys.stderr.flush()
    except OSError:
        return  # nobody reads it
