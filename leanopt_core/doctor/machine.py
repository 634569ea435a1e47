"""The machine: interpreter, plugins, processors, memory, disk."""

from __future__ import annotations

import os
import platform
import shlex
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

from leanopt_core import __version__
from leanopt_core.doctor.line import Line, ok, warning, wrong
from leanopt_core.doctor.size import size
from leanopt_core.doctor.subject import Subject
from leanopt_core.errors import ExecutorError, PluginError, StoreError
from leanopt_core.plugins import CORE, PluginProblem, Registered, RegisteredCommand
from leanopt_core.project_files import STATE

# Free space below which a run is in danger, and below which it cannot begin, in bytes.
_SCARCE, _FULL = 2**30, 64 * 2**20


def python(_: Subject) -> Iterator[Line]:
    """Say which interpreter and which leanopt run."""
    name = platform.python_implementation()
    yield ok(f"{name} {platform.python_version()} ({sys.executable}), leanopt {__version__}")


def plugins(subject: Subject) -> Iterator[Line]:
    """Load every plugin with all that it brings."""
    registry = subject.registry
    problems = list(registry.problems)
    brought: list[Registered | RegisteredCommand] = [*registry.entries.values()]
    for entry in (*brought, *registry.commands.values()):
        try:
            entry.load()
        except PluginError as error:
            problems.append(PluginProblem(entry.distribution, str(error)))
    for problem in problems:
        yield wrong(str(problem), _reinstall(problem), exit_code=PluginError.exit_code)
    if not problems:
        yield ok(f"all {len(registry.entries)} load")


def _reinstall(problem: PluginProblem) -> str:
    again = "--force-reinstall --no-deps " if problem.distribution == CORE else "--upgrade "
    return f"pip install {again}{shlex.quote(problem.distribution)}"


def processors() -> int:
    """Return how many processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def memory() -> int:
    """Return how much memory the machine has, in bytes."""
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def _available() -> int | None:
    """Return how much memory is left, None where the system does not say."""
    try:
        lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
    except OSError:
        return None
    found = (line.split() for line in lines if line.startswith("MemAvailable:"))
    return next((int(words[1]) * 1024 for words in found), None)


def cores(_: Subject) -> Iterator[Line]:
    """Count the processors."""
    yield ok(str(processors()))


def ram(_: Subject) -> Iterator[Line]:
    """Measure the memory."""
    left = _available()
    yield ok(size(memory()) + (f", {size(left)} of it available" if left is not None else ""))


def disk(subject: Subject) -> Iterator[Line]:
    """Measure what is free where the project's runs are kept, and see that it can be written."""
    folder = existing(subject.folder / STATE)
    if not os.access(folder, os.W_OK | os.X_OK):
        mend = f"sudo chown -R $USER {shlex.quote(str(folder))}"
        yield wrong(f"{folder} cannot be written to", mend, exit_code=StoreError.exit_code)
    mend = f"du -xh --max-depth=2 {shlex.quote(str(folder))} | sort -h"
    yield free(folder, mend, StoreError.exit_code)


def free(folder: Path, mend: str, exit_code: int = ExecutorError.exit_code) -> Line:
    """Return how much is free on a folder's disk."""
    left = shutil.disk_usage(folder).free
    what = f"{size(left)} free at {folder}"
    if left < _FULL:
        return wrong(what, mend, exit_code=exit_code)
    return warning(what, mend) if left < _SCARCE else ok(what)


def existing(path: Path) -> Path:
    """Return a path, or the nearest folder above it that is there."""
    return next(one for one in (path, *path.parents) if one.exists())
