"""The protocol's input and output, out of the strategy's reach."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator

from leanopt_harness.surroundings import standard_error

#: The longest request line that is read, in bytes; a longer one is skipped to its end.
LONGEST_LINE = 64 * 1024 * 1024
_STANDARD_ERROR = 2


class Channel:
    """Requests in, answers out, over descriptors that the rest of the process does not use.

    Executed programs do not inherit them, and in a process forked by Python they lead to the null
    device. So a child cannot answer by mistake, nor keep the client's pipe open after the harness
    has ended. Code that searches for them on purpose can still find them.
    """

    def __init__(self, source: int, sink: int) -> None:
        self._source = source
        self._sink = sink
        self._reader = os.fdopen(source, "rb", buffering=1 << 16)
        os.register_at_fork(after_in_child=self._forget)

    @classmethod
    def take_over(cls) -> Channel:
        """Move standard input and output away; put the null device and stderr in their place.

        It works on descriptors, so it covers the output of Python, C code and child processes.
        """
        # Also opens descriptors that the process was started without.
        while (null := os.open(os.devnull, os.O_RDWR)) <= _STANDARD_ERROR:
            pass
        if sys.stderr is None:  # started without one
            os.dup2(null, _STANDARD_ERROR)
            sys.stderr = standard_error()
        source, sink = os.dup(0), os.dup(1)
        os.dup2(null, 0)
        os.dup2(_STANDARD_ERROR, 1)
        os.close(null)
        # One stream for both keeps the output in order, and loses nothing on a kill.
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
        """Write one whole line. Raises OSError if the client has closed the pipe."""
        written = os.write(self._sink, line)
        while written < len(line):
            line = line[written:]
            written = os.write(self._sink, line)

    def _forget(self) -> None:
        null = os.open(os.devnull, os.O_RDWR)
        os.dup2(null, self._source, inheritable=False)
        os.dup2(null, self._sink, inheritable=False)
        os.close(null)
