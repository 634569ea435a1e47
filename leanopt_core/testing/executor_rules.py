"""What the guide and the contracts say of executors, for the messages of failed tests."""

from __future__ import annotations

from typing import Final

CARRIES: Final = "An executor starts harnesses and carries their bytes"
RAISES: Final = (
    "For what the user can fix, a factory, an engine or an executor raises an error of "
    "`leanopt_core.api`"
)
RUNTIME: Final = (
    "return what can affect results where workers run, such as interpreter and platform, or an "
    "image's id; part of every content key"
)
WORKERS: Final = "how many workers to run: `wanted`, or what suits this machine for `None`"
COMMAND: Final = "run a `Command` to its end where the workers run, without standard input"
COMMAND_LIMIT: Final = (
    "At its time limit it is killed with everything it started: exit code 124, and `errors` ends "
    "by saying so"
)
COMMAND_SIGNAL: Final = "the command's exit code; 128 + the signal's number if a signal ended it"
COMMAND_CANNOT: Final = "Raises `ExecutorError` if it cannot be run"
SPAWN: Final = "start a worker and return immediately, before its harness is ready"
ENVIRONMENT: Final = "variables set for it"
MEMORY_LIMIT: Final = (
    "A worker with more than `memory_limit` bytes (`None`: no limit) is killed, and `exit_reason` "
    "says so"
)
MEMORY: Final = "return the bytes that the worker uses now, `None` if unknown"
REPRODUCE: Final = "return how a person starts the same worker in a shell"
CLOSE: Final = "release everything; called once, after every channel has been released"
DESCRIPTORS: Final = "return the descriptors to watch, the same at each call"
READ: Final = (
    "return what is available now on one of them: at most some 64 KiB, possibly nothing. Never "
    "blocks"
)
ENDED: Final = "A worker has ended when every descriptor of `filenos` has closed"
OUT: Final = "output of the harness's standard output"
WRITE: Final = (
    "write as many of these bytes to the harness's standard input as fit now, and return how many"
)
BROKEN: Final = "Raises `BrokenPipeError` if it will never take more"
FILL: Final = (
    "Raises `ExecutorError` for one of `{build}`, `{data}`, `{harness}`, `{output}` without a "
    "value; other words in braces stay"
)
PUT: Final = "write a file below the worker's scratch folder, and create its folders"
SCRATCH: Final = "`name` must not leave the scratch folder"
OPEN: Final = (
    "Raises `FileNotFoundError` if it does not exist, `ExecutorError` if it is not a plain file or "
    "the name leaves the folder"
)
KEPT: Final = "Any thread, also after the worker's end while a reference to the channel exists"
NAMES: Final = (
    "return the names of all plain files below a folder of the scratch folder, relative to it and "
    "sorted; empty if the folder does not exist"
)
REMOVE: Final = "remove a folder below the scratch folder with everything in it, if it exists"
KILL: Final = "start to end the worker and everything it started, for certain; may be called twice"
REASON: Final = (
    "return how the worker ended, such as `exit code 3` or `memory limit of 512 MiB exceeded`; "
    "empty while unknown"
)
OUTSIDE: Final = (
    "return whether the worker was ended from outside: neither by itself nor by leanopt"
)
END: Final = "close the harness's standard input, so that it ends by itself"
RELEASE: Final = "release the worker's resources, and kill what still runs; called once, at the end"
PLACES: Final = (
    "return an executor for each place, by the place's name; the same each time. The first has the "
    "runtime of the whole"
)
CHECKS: Final = "return checks of what this executor needs, for `leanopt doctor`"
CHECK: Final = "return the errors in the options, one line each, for `leanopt check` (exit code 6)"
