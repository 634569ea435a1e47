"""One run of a program, from its start to the end of all that it started."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from leanopt_lean.launcher import processes
from leanopt_lean.launcher.printed import Printed

# A pipe says that it has ended unasked; half of a socket, only where one asks.
_HANGUP = getattr(select, "POLLRDHUP", 0)
_SIGNALLED = 128


class InputEndedError(Exception):
    """The client has closed the harness's input while the program ran."""


@dataclass(frozen=True)
class Run:
    """A run that has ended.

    `exit_code` is as a shell has it (128 + the signal's number), `signalled` says whether it was a
    signal that ended it, `seconds` is the time that it took, `printed` what it wrote to its
    standard output and error.
    """

    exit_code: int
    signalled: bool
    seconds: float
    printed: Printed

    @property
    def ended_by(self) -> signal.Signals | None:
        """Return the signal that the exit code stands for, None where it stands for none."""
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
        """Run a program in a folder; nothing of it is left running.

        Raises OSError where it cannot start, InputEndedError.
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
                if not data:  # closed, which is not yet its end
                    poll.unregister(output)
