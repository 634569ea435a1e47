"""The protocol's two ends, out of the strategy's way."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator

from leanopt_harness.surroundings import standard_error

#: The longest request line that is read, in bytes; a longer one is skipped to its end.
LONGEST_LINE = 64 * 1024 * 1024
_STANDARD_ERROR = 2


class Channel:
    """Requests in, answers out, over descriptors that nothing else in the process is given.

    A program that is executed does not inherit them, and in a process forked through Python they
    lead to the null device: a child does not answer in the harness's place by mistake, nor keep the
    client's pipe open after the harness has gone. Who looks for them finds them.
    """

    def __init__(self, source: int, sink: int) -> None:
        self._source = source
        self._sink = sink
        self._reader = os.fdopen(source, "rb", buffering=1 << 16)
        os.register_at_fork(after_in_child=self._forget)

    @classmethod
    def take_over(cls) -> Channel:
        """Move standard input and output away, and leave the null device and stderr in place.

        Done on descriptors, so that it holds for what Python, C code and child processes print.
        """
        # Also fills in what the process was started without.
        while (null := os.open(os.devnull, os.O_RDWR)) <= _STANDARD_ERROR:
            pass
        if sys.stderr is None:  # started without one
            os.dup2(null, _STANDARD_ERROR)
            sys.stderr = standard_error()
        source, sink = os.dup(0), os.dup(1)
        os.dup2(null, 0)
        os.dup2(_STANDARD_ERROR, 1)
        os.close(null)
        # One stream for both keeps what is printed in order, and loses nothing when killed.
        sys.stdout = sys.stderr
        os.set_blocking(source, True)
        os.set_blocking(sink, True)
        return cls(source, sink)

    def fileno(self) -> int:
        """Return the descriptor that requests come from, to watch for its end."""
        return self._source

    def lines(self) -> Iterator[bytes | None]:
        """Yield each request line until the end of input; None for one that is too long."""
        readline = self._reader.readline
        while line := readline(LONGEST_LINE):
            if len(line) < LONGEST_LINE or line.endswith(b"\n"):
                yield line
            else:
                while (line := readline(LONGEST_LINE)) and not line.endswith(b"\n"):
                    pass
                yield None

    def send(self, line: bytes) -> None:
        """Write one line, all of it. Raises OSError where nobody reads any more."""
        written = os.write(self._sink, line)
        while written < len(line):
            line = line[written:]
            written = os.write(self._sink, line)

    def _forget(self) -> None:
        null = os.open(os.devnull, os.O_RDWR)
        os.dup2(null, self._source, inheritable=False)
        os.dup2(null, self._sink, inheritable=False)
        os.close(null)
