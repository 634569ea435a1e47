"""The small program that one local harness runs under, so that nothing it starts outlives it.

    python -I -S guard.py CONTROL STATUS MEMORY NICE COMMAND...

It starts COMMAND in a session of its own with the standard streams that it was given, keeps none of
them, and waits: for the harness to end, for CONTROL to close (leanopt wants the end, or is dead,
also by `kill -9`), or for the processes to hold more than MEMORY bytes (0: no limit; looked at 4
times a second, 20 times above half of it). Then it ends every descendant, those that made
themselves sessions of their own included. It writes `pid N` to STATUS at the start, and the exit
reason in a second line, which is complete when all has ended. Its exit code is the harness's (128 +
signal).

On Linux no descendant gets away: orphans fall to the guard (`PR_SET_CHILD_SUBREAPER`), and the
harness dies with it (`PR_SET_PDEATHSIG`). Elsewhere the harness's process group is ended, and there
is no memory limit. Standard library only, for it starts without site packages.
"""

from __future__ import annotations

import os
import select
import signal
import sys
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NoReturn

    from leanopt_core.executors import tree
else:
    # Run as a program, isolated: the neighbour is found by its folder, and nothing else there is.
    sys.path.insert(0, os.path.dirname(__file__))  # noqa: PTH120 - pathlib takes long to load
    import tree

    del sys.path[0]

LINUX = sys.platform == "linux"

_PR_SET_PDEATHSIG, _PR_SET_CHILD_SUBREAPER = 1, 36
_ASKED = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


class ProcessGuard:
    """One harness and what it started."""

    def __init__(self, control: int, status: int, memory: int, nice: int) -> None:
        self._control = control
        self._status = status
        self._memory = memory
        self._nice = nice
        self._parent = os.getppid()
        self._alarm = _alarms()
        self._harness = 0
        self._ended: int | None = None

    def run(self, command: list[str]) -> int:
        """Start the harness, wait for a reason to end, end everything, and return the exit code."""
        guard = os.getpid()
        self._harness = os.fork()
        if not self._harness:
            self._become(command, guard)
        _forget_streams()
        self._tell(f"pid {self._harness}\n")
        reason = self._watch()
        # Before the killing, so that the reason is known even if this guard is killed meanwhile.
        self._tell(reason)
        self._end()
        self._tell(f"{'' if reason else describe(self._ended)}\n")
        code = os.waitstatus_to_exitcode(self._ended or 0)
        return code if code >= 0 else 128 - code

    def _become(self, command: list[str], guard: int) -> NoReturn:
        """Turn this forked process into the harness."""
        try:
            # A group of its own, to be killed as one where there is no /proc.
            os.setsid()
            _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
            # The guard can die before `prctl`: then no signal comes, and nothing may start.
            if os.getppid() == guard:
                # Python ignores the first two, and `exec` would hand that on to the harness.
                for number in (signal.SIGPIPE, signal.SIGXFSZ, signal.SIGCHLD, *_ASKED):
                    signal.signal(number, signal.SIG_DFL)
                os.nice(self._nice)
                os.execvp(command[0], command)  # noqa: S606 - no shell is wanted
        except OSError as error:
            os.write(2, f"cannot start '{command[0]}': {error.strerror}\n".encode())
        finally:
            # In any case, or this fork would go on as a second guard. As a shell's, the code
            # says that the command was not found.
            os._exit(127)

    def _watch(self) -> str:
        """Wait for a reason to end; return why, empty where the harness ended by itself."""
        poll = select.poll()
        poll.register(self._control, select.POLLIN)
        poll.register(self._alarm, select.POLLIN)
        pause = 1000
        while not self._reap():
            ready = dict(poll.poll(pause))
            signals = os.read(self._alarm, 64) if self._alarm in ready else b""
            if self._control in ready or os.getppid() != self._parent:
                return "killed"
            if any(number in signals for number in _ASKED):
                return "its guard was told to end"
            if self._memory:
                size = tree.held(tree.descendants(os.getpid()), self._memory)
                if size > self._memory:
                    return f"memory limit of {self._memory / 2**20:g} MiB exceeded"
                pause = 50 if size > self._memory / 2 else 250
        return ""

    def _reap(self) -> bool:
        """Collect ended children, adopted ones too; return whether the harness has ended."""
        while self._ended is None:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if pid == self._harness:
                self._ended = status
            elif not pid:
                return False
        return True

    def _end(self) -> None:
        """Kill until there is no child left: each pass ends those whose parents the last ended."""
        # Without /proc no descendant is found: the group is all that can be killed.
        _kill_group(self._harness)
        while True:
            for pid in tree.descendants(os.getpid()):
                tree.kill(pid)
            try:
                while (child := os.waitpid(-1, os.WNOHANG))[0]:
                    if child[0] == self._harness:
                        self._ended = child[1]
            except ChildProcessError:
                return
            time.sleep(0.001)

    def _tell(self, text: str) -> None:
        try:
            os.write(self._status, text.encode())
        except OSError:
            return  # leanopt is gone


def describe(status: int | None) -> str:
    """Return how a process ended, by its wait status: `exit code 3`, `signal 11 (SIGSEGV)`."""
    code = os.waitstatus_to_exitcode(status or 0)
    if code >= 0:
        return f"exit code {code}"
    try:
        return f"signal {-code} ({signal.Signals(-code).name})"
    except ValueError:
        return f"signal {-code}"


def _alarms() -> int:
    """Return a descriptor that becomes readable at a child's end and at a signal to end."""
    alarm, bell = os.pipe()
    os.set_blocking(bell, False)
    signal.set_wakeup_fd(bell, warn_on_full_buffer=False)
    # A handler that does nothing: without one, Python writes nothing to the descriptor.
    for number in (signal.SIGCHLD, *_ASKED):
        signal.signal(number, lambda *_: None)
    return alarm


def _prctl(option: int, value: int) -> None:
    if LINUX:
        import ctypes  # slow to load, so not before it is needed

        ctypes.CDLL(None, use_errno=True).prctl(option, value, 0, 0, 0)


def _forget_streams() -> None:
    """Let go of the harness's standard streams, so that their ends are seen when it closes them."""
    nothing = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(nothing, stream)
    os.close(nothing)


def _kill_group(leader: int) -> None:
    try:
        os.killpg(leader, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        return


def main() -> int:
    """Run as a program; see the module."""
    control, status, memory, nice = map(int, sys.argv[1:5])
    # The harness must not inherit them: its copy of STATUS would hide the guard's end.
    for descriptor in (control, status):
        os.set_inheritable(descriptor, False)
    _prctl(_PR_SET_CHILD_SUBREAPER, 1)
    return ProcessGuard(control, status, memory, nice).run(sys.argv[5:])


if __name__ == "__main__":
    sys.exit(main())
