"""One run of a program, from its start to the end of all its child processes."""

from __future__ import annotations

import os
import re
import select
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from leanopt_lean.launcher import processes
from leanopt_lean.launcher.trouble import UNSET

# poll reports a closed pipe always, a half-closed socket only on request.
_HANGUP = getattr(select, "POLLRDHUP", 0)
_SIGNALLED = 128
#: How much output is passed on immediately, and how much of the end is kept, in bytes.
PASSED_ON = 64 * 1024
KEPT = 64 * 1024
# LEAN's log of remote data that it skips.
_SKIPPED = re.compile(rb"[Ss]kip(?:ping source \(|ped: )[^\n]*?(\w+://[^\s)]+)[\s)]")
_UNSET = re.compile(re.escape(UNSET).encode() + rb"([^\n]+)\n")
_LONGEST_LINE = 4 * 1024


class InputEndedError(Exception):
    """The client has closed the harness's input while the program ran."""


@dataclass(frozen=True)
class Run:
    """A run that has ended.

    `exit_code` is the shell's (128 + the signal's number), `signalled` whether a signal ended the
    run, `seconds` its duration, `printed` its standard output and error.
    """

    exit_code: int
    signalled: bool
    seconds: float
    printed: Printed

    @property
    def ended_by(self) -> signal.Signals | None:
        """Return the signal that the exit code stands for, None if it is not a signal's."""
        try:
            return signal.Signals(self.exit_code - _SIGNALLED)
        except ValueError:
            return None

    @property
    def exit_reason(self) -> str:
        """Return how the program ended: `exit code 3`, `exit code 134 (SIGABRT)`."""
        of = self.ended_by
        return f"exit code {self.exit_code}" + (f" ({of.name})" if of else "")


class Runner:
    """Runs programs one after the other, and watches the harness's input meanwhile."""

    def __init__(self, source: int) -> None:
        self._source = source
        self._alarm = processes.alarm()
        processes.adopt_orphans()

    def run(self, command: Sequence[str], folder: Path, environment: Mapping[str, str]) -> Run:
        """Run a program in a folder, and end all its child processes.

        Raises OSError if it cannot start, InputEndedError if the client closes the input.
        """
        started = time.monotonic()
        printed = Printed()
        program = processes.start(command, folder, environment)
        try:
            self._watch(program, printed)
            seconds = time.monotonic() - started
        finally:
            processes.end(program)
            assert program.stdout is not None  # noqa: S101 - for the type checker
            processes.drain(program.stdout.fileno(), printed.add)
            program.stdout.close()
            printed.close()
        code = program.returncode
        return Run(code if code >= 0 else _SIGNALLED - code, code < 0, seconds, printed)

    def _watch(self, program: subprocess.Popen[bytes], printed: Printed) -> None:
        """Read what the program prints until it has ended."""
        assert program.stdout is not None  # noqa: S101 - for the type checker
        output = program.stdout.fileno()
        poll = select.poll()
        poll.register(output, select.POLLIN)
        poll.register(self._alarm, select.POLLIN)
        poll.register(self._source, _HANGUP)
        while program.poll() is None:
            ready = dict(poll.poll())
            if self._source in ready:
                raise InputEndedError
            if self._alarm in ready:
                os.read(self._alarm, 1 << 12)
            if output in ready:
                data = os.read(output, 1 << 16)
                printed.add(data)
                if not data:  # closed, but the program may still run
                    poll.unregister(output)


class Printed:
    """Passes the beginning on to standard error, and keeps the end.

    `skipped` is the first address of remote data that LEAN skipped, `unset` why it could not set a
    parameter.
    """

    def __init__(self) -> None:
        self.skipped = ""
        self.unset = ""
        self._end = b""
        self._count = 0

    def add(self, data: bytes) -> None:
        """Take the next part of the output."""
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
        """Pass on the end of the output."""
        rest = self._count - PASSED_ON
        if rest > 0:
            if left_out := max(0, rest - KEPT):
                _pass_on(f"\n... {left_out} bytes left out ...\n".encode())
            _pass_on(self._end[-rest:])

    def end(self, longest: int) -> str:
        """Return the end of the output, at most `longest` characters."""
        text = self._end.decode("utf-8", "replace").strip()
        return text if len(text) <= longest else "..." + text[-longest:]


def _pass_on(data: bytes) -> None:
    try:
        sys.stderr.buffer.write(data)
        sys.stderr.flush()
    except OSError:
        return  # standard error is closed
