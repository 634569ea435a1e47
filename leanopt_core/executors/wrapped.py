"""Run another executor's workers and commands through a prefix, such as `nice -n 5` or `srun`."""

from __future__ import annotations

import json
import shlex
import shutil
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property, partial
from typing import Any

from attrs import evolve

from leanopt_core.check import Check, Finding
from leanopt_core.errors import ExecutorError
from leanopt_core.executors.base import (
    Channel,
    Executor,
    ReproduceCommand,
    check_executor,
    unasked_memory,
)
from leanopt_core.executors.command import variables
from leanopt_core.shown import shown
from leanopt_core.work import Command, Completed, Launch

# Runs where workers run: standard library only.
_TELL = (
    "import json, platform, sys; print(json.dumps({"
    "'python': platform.python_implementation() + ' ' + platform.python_version(),"
    "'platform': sys.platform + ' ' + platform.machine()}))"
)
# How long that may take, in seconds: a queue may come before it.
_TELLING = 600.0
# On another machine neither the folder nor the variables of the prefix are the worker's.
_THERE = ("sh", "-c", 'cd "$0" && exec env "$@"', "{scratch}")


class WrappedExecutor:
    """Starts `prefix` with the command of each worker after it, on another executor.

    The other executor, usually `ProcessExecutor`, carries the bytes, keeps the files and ends the
    prefix with everything it started. `remote` is for a prefix whose commands run on another
    machine: they change to the scratch folder there and set their variables themselves, no memory
    limit is possible, and mounts and scratch folders must have the same paths there. With `joined`
    the command follows as one text, quoted for a shell, as `ssh` needs it. `python` stands for
    `{python}`, if it is another one there. Raises TypeError if the prefix is one text.
    """

    def __init__(
        self,
        executor: Executor,
        prefix: Sequence[str],
        *,
        remote: bool = False,
        joined: bool = False,
        python: str = "{python}",
    ) -> None:
        check_executor(executor, "what is wrapped")
        if isinstance(prefix, str) or not all(isinstance(word, str) for word in prefix):
            raise TypeError(
                f"the prefix is {shown(prefix)}, expected its words: ('nice', '-n', '5')"
            )
        self._executor = executor
        self._prefix = tuple(prefix)
        self._remote = remote
        self._joined = joined
        self._python = python

    @property
    def threads(self) -> int:
        """Return how many threads numeric libraries may use in a worker, as the executor says."""
        return int(getattr(self._executor, "threads", 1))

    def runtime(self) -> Mapping[str, str]:
        """Return the executor's runtime, with interpreter and platform as `{python}` reports them.

        Raises ExecutorError if no Python runs there.
        """
        return {**self._executor.runtime(), **self._found}

    @cached_property
    def _found(self) -> dict[str, str]:
        done = self.run_command(Command(("{python}", "-I", "-S", "-c", _TELL), (), _TELLING))
        try:
            found: dict[str, Any] = json.loads(done.output)
            return {"python": str(found["python"]), "platform": str(found["platform"])}
        except (ValueError, LookupError, TypeError):
            through = shlex.join((*self._prefix, self._python))
            said = done.errors.strip()[-500:]
            raise ExecutorError(
                f"no Python runs through {through} (exit code {done.exit_code}): {said}"
            ) from None

    def run_command(self, command: Command) -> Completed:
        """Run one command to its end through the prefix."""
        return self._executor.run_command(
            evolve(command, argv=self._words(command.argv, command.environment))
        )

    def spawn(self, launch: Launch, worker: int, *, memory_limit: int | None = None) -> Channel:
        """Start a worker through the prefix."""
        if self._remote and memory_limit is not None:
            raise ExecutorError(
                "executor.memory_limit: no limit is possible for workers behind "
                f"{shlex.join(self._prefix)}"
            )
        return self._executor.spawn(self._wrapped(launch), worker, memory_limit=memory_limit)

    def unasked_memory(self, launch: Launch) -> int | None:
        """Return the executor's default memory limit of a worker."""
        return unasked_memory(self._executor, launch)

    def reproduce_command(self, launch: Launch) -> ReproduceCommand:
        """Return how a person starts the same worker in a shell."""
        return self._executor.reproduce_command(self._wrapped(launch))

    def checks(self) -> Sequence[Check]:
        """Return the check that the prefix's program is installed, for `leanopt doctor`."""
        return tuple(Check(name, partial(_look, name)) for name in self._prefix[:1])

    def workers(self, wanted: int | None) -> int:
        """Return the executor's number of workers."""
        return self._executor.workers(wanted)

    def close(self) -> None:
        """Close the executor."""
        self._executor.close()

    def _wrapped(self, launch: Launch) -> Launch:
        return evolve(launch, command=self._words(launch.command, launch.environment))

    def _words(self, command: Sequence[str], environment: Mapping[str, str]) -> tuple[str, ...]:
        """Return the prefix and a command; placeholders stay."""
        words = [text.replace("{python}", self._python) for text in command]
        if self._remote:
            asked = {**variables(self.threads), **environment}
            words = [*_THERE, *(f"{name}={text}" for name, text in asked.items()), *words]
        return (*self._prefix, *([shlex.join(words)] if self._joined else words))


def _look(name: str) -> Iterator[Finding]:
    path = shutil.which(name)
    yield Finding.ok(path) if path else Finding.wrong(f"{name} is not installed")
