"""The contract of an executor: it starts harnesses and transfers bytes; the pool does the rest."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import BinaryIO, Final, Protocol, runtime_checkable

from attrs import field, frozen

from leanopt_core.check import Check
from leanopt_core.shown import shown
from leanopt_core.work import Command, Completed, Launch

# What every executor must have.
_METHODS: Final = ("runtime", "run_command", "spawn", "reproduce_command", "workers", "close")


@frozen
class ReproduceCommand:
    """The command line that starts a worker in a shell, and the variables to set for it.

    `placeholders` says what stands for `{data}` and the like in what the worker is sent.
    """

    command: tuple[str, ...]
    environment: Mapping[str, str] = field(factory=dict)
    placeholders: Mapping[str, str] = field(factory=dict)


@frozen
class Chunk:
    """The bytes read from one descriptor: answer bytes, bytes of everything else.

    `closed` says that nothing more comes from this descriptor, so that it is watched no longer.
    """

    out: bytes = b""
    err: bytes = b""
    closed: bool = False


class Channel(Protocol):
    """The line to one worker.

    Used by one thread but for `open`, `names` and `remove`; beside these only `put` and `release`
    may block. The worker is over when every descriptor of `filenos` has closed; `exit_reason` is
    known then. Trouble on the line is no exception but its end: `read` says closed, `write` raises
    BrokenPipeError.
    """

    @property
    def volatile(self) -> bool:
        """Return whether the scratch folder is gone with the worker."""
        ...

    def filenos(self) -> Sequence[int]:
        """Return the descriptors to watch; the first carries the answers, with it they end."""
        ...

    def read(self, fileno: int) -> Chunk:
        """Return what is there now on one of `filenos`: at most some 64 KiB, maybe nothing."""
        ...

    def write(self, data: bytes | memoryview) -> int:
        """Accept as many bytes as fit now and return how many.

        Raises BrokenPipeError where the worker will never take any more.
        """
        ...

    def write_fileno(self) -> int:
        """Return the descriptor that becomes writable when `write` would accept more."""
        ...

    def fill(self, text: str) -> str:
        """Return `text` with `{data}`, `{scratch}` and the like replaced for this worker.

        Raises ExecutorError for one that stands for nothing here.
        """
        ...

    def put(self, name: str, content: bytes) -> None:
        """Write a file below the worker's scratch folder; `name` may not leave it.

        Raises ExecutorError where it cannot be written, TransientError where the worker has gone.
        """
        ...

    def open(self, name: str) -> BinaryIO:
        """Open a file below the worker's scratch folder to read; `name` may not leave it.

        May be called from any thread, also after the worker's end (where not `volatile`) for as
        long as the channel is held. Raises FileNotFoundError where it is not there, ExecutorError
        where it is no plain file, TransientError where it has gone with a worker that was ended
        from outside.
        """
        ...

    def names(self, folder: str) -> Sequence[str]:
        """Return every plain file below a folder of the scratch folder, by name from there, sorted.

        Nothing where there is no such folder. As `open`, from any thread.
        """
        ...

    def remove(self, folder: str) -> None:
        """Remove a folder below the scratch folder with all in it, if it is there; any thread."""
        ...

    def memory(self) -> int | None:
        """Return the bytes that the worker holds now, None where that cannot be known."""
        ...

    def end(self) -> None:
        """Close the worker's input, so that its harness ends by itself."""
        ...

    def kill(self) -> None:
        """Begin to end the worker and everything it started, for certain; may be called twice."""
        ...

    def exit_reason(self) -> str:
        """Say how the worker ended, as `exit code 3` or `memory limit of 512 MiB exceeded`.

        Empty while that is not known.
        """
        ...

    def outside(self) -> bool | None:
        """Say whether the worker was ended from outside: neither by itself nor by leanopt.

        None while that is being found out, for some seconds at most after its answers have ended.
        """
        ...

    def release(self) -> None:
        """Give back what the worker held here, killing what still lives; called once, at the end.

        Returns at once where every descriptor has closed, else within about a second.
        """
        ...


def check_executor(found: object, what: str) -> None:
    """Raise TypeError, beginning with `what`, if `found` is not an executor."""
    missing = [name for name in _METHODS if not callable(getattr(found, name, None))]
    if missing:
        raise TypeError(
            f"{what} is {shown(found)}, expected an executor: it has no {', '.join(missing)}"
        )


def unasked_memory(executor: Executor, launch: Launch) -> int | None:
    """Return the bytes that a worker may hold where the user sets no limit, None for all."""
    # Optional in the contract, so executors without it stay valid.
    method = getattr(executor, "unasked_memory", None)
    limit: int | None = method(launch) if method is not None else None
    return limit


class Executor(Protocol):
    """Where backtests run. `runtime`, `run_command` and `spawn` may be called from several threads.

    One that limits the memory of workers unasked may say so, by a method `unasked_memory(launch)`
    that returns the bytes.
    """

    def runtime(self) -> Mapping[str, str]:
        """Return what decides results where workers run: interpreter and platform, or image id."""
        ...

    def run_command(self, command: Command) -> Completed:
        """Run one command to its end where the workers run; placeholders as in `Launch`.

        What it leaves in a writable mount belongs to the caller. At its time limit it is killed:
        exit code 124, and `errors` ends by saying so. Output is bounded: of a longer one the
        beginning is kept and `errors` says so. Raises ExecutorError where it cannot be run,
        TransientError where another try may go well: it was ended from outside, or there is no
        room for it now.
        """
        ...

    def spawn(self, launch: Launch, worker: int, *, memory_limit: int | None = None) -> Channel:
        """Start worker `worker` (numbered from 1), return its channel before its harness is ready.

        A worker that holds more than `memory_limit` bytes is killed, which `exit_reason` says.
        Raises ExecutorError where it cannot be started, TransientError where that may pass.
        """
        ...

    def reproduce_command(self, launch: Launch) -> ReproduceCommand:
        """Return how a person starts the same worker in a shell."""
        ...

    def workers(self, wanted: int | None) -> int:
        """Return how many workers to run: `wanted`, or what suits this machine for None."""
        ...

    def close(self) -> None:
        """Release everything; every worker has been released by then."""
        ...


@runtime_checkable
class HasPlaces(Protocol):
    """An executor whose workers run in several places that can give different results."""

    def places(self) -> Mapping[str, Executor]:
        """Return an executor for each place, by the place's name; the same each time.

        leanopt prepares the strategy for each place, starts workers with these executors in turn,
        and keys each backtest by the runtime of its worker's place.
        """
        ...


@runtime_checkable
class HasExecutorDoctorChecks(Protocol):
    """An executor with its own checks for `leanopt doctor`."""

    def checks(self) -> Sequence[Check]:
        """Return checks of what this executor needs; they look only when called.

        They run before anything runs in a worker's place: the check `interpreter` requires them.
        """
        ...


@runtime_checkable
class ChecksOptions(Protocol):
    """An executor that can check its options for `leanopt check` without running anything."""

    def check(self) -> Sequence[str]:
        """Return the errors in the options, one line each."""
        ...


class LineWorker(Protocol):
    """A harness behind calls, such as an actor of Ray that holds its process.

    `send`, `end` and `close` are called by one thread, `kill` by another, also during these.
    """

    def send(self, line: bytes) -> bytes:
        """Return the harness's answer to one line; both are without the line break.

        Raises if the worker has ended, and soon after `kill`: TransientError if it was ended from
        outside, else any exception. Its text is the exit reason.
        """
        ...

    def end(self) -> str:
        """Close the harness's input, wait for its end, and return the exit reason."""
        ...

    def kill(self) -> None:
        """Begin to end the harness and everything it started."""
        ...

    def close(self) -> None:
        """Release everything, killing what still lives; called once, at the end."""
        ...


class WorkerFiles(Protocol):
    """A worker's files; `Channel` says what the methods promise. A `LocalScratch` is one."""

    def put(self, name: str, content: bytes) -> None:
        """Write a file."""
        ...

    def open(self, name: str) -> BinaryIO:
        """Open a file to read."""
        ...

    def names(self, folder: str) -> Sequence[str]:
        """Return the names of all plain files below a folder."""
        ...

    def remove(self, folder: str) -> None:
        """Remove a folder."""
        ...
