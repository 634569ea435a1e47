"""The channel to a local harness: pipes straight to it, and two more to the guard it runs under."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from subprocess import PIPE, Popen, TimeoutExpired
from typing import BinaryIO, Self

from leanopt_core.errors import ExecutorError, TransientError
from leanopt_core.executors import tree
from leanopt_core.executors.base import Chunk
from leanopt_core.executors.scratch import LocalScratch

#: The variable that marks everything a worker starts: its scratch folder.
MARK = "LEANOPT_SCRATCH"

_GUARD = Path(__file__).with_name("guard.py")
_READ = 65536
_NOTHING = Chunk()
# How long a guard may take to end what it guards before it is passed over, in seconds.
_PATIENCE = 1.0


class ProcessChannel:
    """The line to one local harness; `Channel` says what the methods promise. `start` makes one."""

    def __init__(
        self,
        guard: Popen[bytes],
        control: int,
        status: int,
        scratch: LocalScratch,
        fill: Callable[[str], str],
    ) -> None:
        if guard.stdin is None or guard.stdout is None or guard.stderr is None:
            raise ValueError("a channel needs the three standard pipes of its guard")
        self._guard = guard
        self._input = guard.stdin
        self._output = guard.stdout
        self._errors = guard.stderr
        # The answers come first: the supervisor hangs a worker up when that descriptor closes.
        self._descriptors = (guard.stdout.fileno(), guard.stderr.fileno(), status)
        self._write_descriptor = guard.stdin.fileno()
        self._control: int | None = control
        self._said = b""
        self._silent = False
        self._scratch = scratch
        self._fill = fill
        # One thread serves all workers, so that none may block it.
        for descriptor in (self._write_descriptor, *self._descriptors):
            os.set_blocking(descriptor, False)

    @classmethod
    def start(
        cls,
        command: Sequence[str],
        environment: Mapping[str, str],
        scratch: LocalScratch,
        fill: Callable[[str], str],
        *,
        memory_limit: int | None = None,
        nice: int = 0,
    ) -> Self:
        """Start `command` under a guard, in the scratch folder, and return the channel to it.

        `environment` is all that it gets, `fill` replaces placeholders. The guard kills the
        command with everything it started: when leanopt ends, however it ends, and when they hold
        more than `memory_limit` bytes. Raises ExecutorError where not even the guard can be
        started, TransientError where the machine has no room for it now; a command that cannot be
        started is said on the channel.
        """
        # Python's pipes are not inherited. A copy of CONTROL in another worker would keep this
        # guard from seeing its end.
        control = os.pipe()
        status = os.pipe()
        arguments = (str(control[0]), str(status[1]), str(memory_limit or 0), str(nice))
        try:
            guard = Popen(
                # Isolated: variables and folder are the worker's, and must not change the guard.
                [sys.executable, "-I", "-S", str(_GUARD), *arguments, *command],
                # All bytes pass by descriptor; Python's own buffers would hide some.
                bufsize=0,
                stdin=PIPE,
                stdout=PIPE,
                stderr=PIPE,
                env={**environment, MARK: str(scratch.path)},
                cwd=scratch.path,
                pass_fds=(control[0], status[1]),
                # Ctrl-C in the terminal reaches leanopt alone, which decides how its workers end.
                start_new_session=True,
            )
        except (OSError, ValueError) as error:
            os.close(control[1])
            os.close(status[0])
            kind = TransientError if isinstance(error, OSError) else ExecutorError
            raise kind(f"a worker cannot be started: {error}") from None
        finally:
            # The guard's ends. While a copy of STATUS is open here, its end cannot be seen.
            os.close(control[0])
            os.close(status[1])
        return cls(guard, control[1], status[0], scratch, fill)

    @property
    def volatile(self) -> bool:
        """Return that the scratch folder stays for as long as the channel is held."""
        return False

    def filenos(self) -> Sequence[int]:
        """Return the descriptors of standard output, standard error, and the guard's status."""
        return self._descriptors

    def read(self, fileno: int) -> Chunk:
        """Return what is there now on one of `filenos`."""
        try:
            data = os.read(fileno, _READ)
        except BlockingIOError:
            return _NOTHING
        answers, errors, _ = self._descriptors
        if fileno == answers:
            return Chunk(data, b"", not data)
        if fileno == errors:
            return Chunk(err=data, closed=not data)
        self._said += data
        if not data:
            self._guard_gone()
        return Chunk(closed=not data)

    def _guard_gone(self) -> None:
        """End what a guard has left that was killed before it was done."""
        self._silent = True
        # The exit reason is its last word, written when all below it has ended.
        if not self._said.endswith(b"\n") or not self._told():
            # The NUL ends the value: folder `1-2` must not match a worker in `1-20`.
            tree.sweep(f"{MARK}={self._scratch.path}\0")

    def write(self, data: bytes | memoryview) -> int:
        """Accept as many bytes as fit now; raises BrokenPipeError where it never will again."""
        # The number of a closed descriptor may be another file's by now.
        if self._input.closed:
            raise BrokenPipeError("the harness's input has been closed")
        try:
            return os.write(self._write_descriptor, data)
        except BlockingIOError:
            return 0

    def write_fileno(self) -> int:
        """Return the descriptor of the harness's standard input."""
        return self._write_descriptor

    def fill(self, text: str) -> str:
        """Return `text` with the placeholders replaced."""
        return self._fill(text)

    def put(self, name: str, content: bytes) -> None:
        """Write a file below the scratch folder."""
        self._scratch.put(name, content)

    def open(self, name: str) -> BinaryIO:
        """Open a file below the scratch folder to read."""
        return self._scratch.open(name)

    def names(self, folder: str) -> Sequence[str]:
        """Return every plain file below a folder of the scratch folder."""
        return self._scratch.names(folder)

    def remove(self, folder: str) -> None:
        """Remove a folder below the scratch folder."""
        self._scratch.remove(folder)

    def memory(self) -> int | None:
        """Return the bytes that the harness and its descendants hold, None away from Linux."""
        harness = self._harness()
        if harness is None:
            return None
        return tree.held([harness, *tree.descendants(harness)]) or None

    def _harness(self) -> int | None:
        first, newline, _ = self._said.partition(b"\n")
        return int(first.removeprefix(b"pid ")) if newline else None

    def end(self) -> None:
        """Close the harness's input."""
        self._input.close()

    def kill(self) -> None:
        """Have the guard end everything."""
        # The guard reads the end of this pipe; it comes also when leanopt dies by `kill -9`.
        if self._control is not None:
            os.close(self._control)
            self._control = None

    def exit_reason(self) -> str:
        """Say how the harness ended, empty while it has not."""
        return self._told() or ("its guard was killed" if self._silent else "")

    def _told(self) -> str:
        return self._said.partition(b"\n")[2].decode().rstrip()

    def outside(self) -> bool | None:
        """Return that it was not: who sent a signal to a process, nobody tells."""
        return False

    def exit_code(self) -> int | None:
        """Return the harness's exit code (128 + signal), None before `release`."""
        return self._guard.returncode

    def release(self) -> None:
        """End what still lives, close every pipe; the scratch folder goes with the channel."""
        self.kill()
        # A guard may hang where its harness does, as on a dead network disk.
        try:
            self._guard.wait(_PATIENCE)
        except TimeoutExpired:
            # On Linux the harness dies with its guard; `_guard_gone` sweeps what else is left.
            self._guard.kill()
            self._guard.wait()
        # To its end, for the exit reason; a channel that was never watched has read nothing yet.
        status = self._descriptors[2]
        while not self._silent and self.read(status) is not _NOTHING:
            pass
        os.close(status)
        for stream in (self._input, self._output, self._errors):
            stream.close()
