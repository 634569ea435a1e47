"""The `process` executor: warm harnesses on this machine, each under a guard of its own.

A process is not isolated from the machine: it has all permissions of its user. Its memory limit
needs Linux. Run untrusted strategies in a container.
"""

from __future__ import annotations

import os
import platform
import sys
from collections.abc import Mapping, Sequence
from functools import partial
from itertools import count
from pathlib import Path
from threading import Lock

from leanopt_core.errors import ExecutorError, TransientError
from leanopt_core.executors import tree
from leanopt_core.executors.base import ReproduceCommand
from leanopt_core.executors.channel import MARK, ProcessChannel
from leanopt_core.executors.command import fill_placeholders, run_to_end, variables
from leanopt_core.executors.scratch import LocalScratch, ScratchRoot
from leanopt_core.options import ProcessOptions
from leanopt_core.work import Command, Completed, Launch, Mount

#: The variables of the caller that every worker gets: they say where things are on this machine.
#: With any other, results would depend on who started leanopt, and from where.
INHERITED = (
    *("PATH", "HOME", "TMPDIR", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "PYTHONPATH"),
    *("DOTNET_ROOT", "PYTHONNET_PYDLL", "NUGET_PACKAGES", "SSH_AUTH_SOCK"),
    *("SSL_CERT_FILE", "SSL_CERT_DIR", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"),
    *("http_proxy", "https_proxy", "all_proxy", "no_proxy"),
)


def create(options: ProcessOptions, project: Path) -> ProcessExecutor:
    """Return the executor; without `scratch_folder`, scratch is in `<project>/.leanopt`."""
    return ProcessExecutor(options, project)


class ProcessExecutor:
    """Starts harnesses as processes of this machine; `Executor` says what the methods promise."""

    def __init__(
        self,
        options: ProcessOptions,
        project: Path,
        *,
        tidy: bool = True,
        inherited: Sequence[str] = INHERITED,
    ) -> None:
        """Take what is to be used; not `tidy`, what dead leanopts left is not removed.

        `inherited` names the variables of the caller that workers get.
        """
        self._options = options
        self._inherited = inherited
        self._project = project
        self._sweep = _sweep if tidy else None
        self._scratch_root: ScratchRoot | None = None
        # `spawn` and `run_command` run in several threads, and all must share one root.
        self._lock = Lock()
        self._numbers = count(1)

    @property
    def threads(self) -> int:
        """Return how many threads numeric libraries may use in a worker."""
        return self._options.threads

    def runtime(self) -> Mapping[str, str]:
        """Say which interpreter `{python}` is, and the platform."""
        return {
            "python": f"{platform.python_implementation()} {platform.python_version()}",
            "platform": f"{sys.platform} {platform.machine()}",
        }

    def run_command(self, command: Command) -> Completed:
        """Run one command to its end, without standard input; it has its user's network."""
        launch = Launch(command.argv, command.mounts, command.environment)
        channel = self._start(launch, "once", memory_limit=None)
        return run_to_end(channel, command.time_limit)

    def spawn(
        self, launch: Launch, worker: int, *, memory_limit: int | None = None
    ) -> ProcessChannel:
        """Start a harness and return its channel."""
        return self._start(launch, str(worker), memory_limit=memory_limit)

    def reproduce_command(self, launch: Launch) -> ReproduceCommand:
        """Say how to start the harness in a shell, with the current folder for its scratch."""
        placeholders = _placeholders(launch.mounts, ".")
        fill = partial(fill_placeholders, placeholders)
        return ReproduceCommand(
            tuple(map(fill, launch.command)),
            {name: fill(text) for name, text in launch.environment.items()},
            placeholders,
        )

    def workers(self, wanted: int | None) -> int:
        """Return `wanted`, or the number of processors that this process may use."""
        if wanted is not None:
            return wanted
        if hasattr(os, "sched_getaffinity"):
            return len(os.sched_getaffinity(0))
        return os.cpu_count() or 1

    def close(self) -> None:
        """Remove the scratch folders."""
        with self._lock:
            if self._scratch_root is not None:
                self._scratch_root.close()
                self._scratch_root = None

    def _start(self, launch: Launch, name: str, *, memory_limit: int | None) -> ProcessChannel:
        if memory_limit is not None and not sys.platform.startswith("linux"):
            raise ExecutorError(f"a memory limit needs Linux, this is {sys.platform}")
        scratch = self._scratch(name)
        fill = partial(fill_placeholders, _placeholders(launch.mounts, str(scratch.path)))
        return ProcessChannel.start(
            [fill(part) for part in launch.command],
            self._environment({k: fill(text) for k, text in launch.environment.items()}),
            scratch,
            fill,
            memory_limit=memory_limit,
            nice=self._options.nice,
        )

    def _scratch(self, name: str) -> LocalScratch:
        with self._lock:
            # A strategy may have removed it, with the folders of all workers.
            if self._scratch_root is None or not self._scratch_root.path.exists():
                self._scratch_root = ScratchRoot(
                    self._project, self._sweep, self._options.scratch_folder
                )
            path = self._scratch_root.path / f"{name}-{next(self._numbers)}"
        try:
            return LocalScratch(path)
        except OSError as error:
            raise TransientError(f"no scratch folder can be made: {error}") from None

    def _environment(self, asked: Mapping[str, str]) -> dict[str, str]:
        inherited = {name: os.environ[name] for name in self._inherited if name in os.environ}
        return {**inherited, **variables(self.threads), **asked}


def _placeholders(mounts: Sequence[Mount], scratch: str) -> dict[str, str]:
    placeholders = {"python": sys.executable, "scratch": scratch}
    return placeholders | {mount.name: str(mount.source.absolute()) for mount in mounts}


def _sweep(folder: Path) -> None:
    tree.sweep(f"{MARK}={folder}/")
