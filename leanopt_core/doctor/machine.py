"""Check the machine: interpreter, plugins, processors, memory, disk."""

from __future__ import annotations

import os
import platform
import shlex
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

from leanopt_core import __version__
from leanopt_core.check import Finding
from leanopt_core.doctor.subject import Subject
from leanopt_core.errors import ExecutorError, PluginError, StoreError
from leanopt_core.plugins import CORE, PluginProblem, Registered, RegisteredCommand
from leanopt_core.project_files import STATE
from leanopt_core.report.figures import size

# Free space below which a run is in danger, and below which it cannot begin, in bytes.
_SCARCE, _FULL = 2**30, 64 * 2**20


def python(_: Subject) -> Iterator[Finding]:
    """Report the interpreter and leanopt's version."""
    name = platform.python_implementation()
    yield Finding.ok(
        f"{name} {platform.python_version()} ({sys.executable}), leanopt {__version__}"
    )


def plugins(subject: Subject) -> Iterator[Finding]:
    """Load every plugin, with everything that it registers."""
    registry = subject.registry
    problems = list(registry.problems)
    registered: list[Registered | RegisteredCommand] = [*registry.entries.values()]
    for entry in (*registered, *registry.commands.values()):
        named = f"plugin {entry.distribution}, {entry.spec.name!r}"
        try:
            with subject.calls.noted(named, "being imported"):
                entry.load()
        except PluginError as error:
            problems.append(PluginProblem(entry.distribution, str(error)))
    for problem in problems:
        yield Finding.wrong(str(problem), _reinstall(problem), exit_code=PluginError.exit_code)
    if not problems:
        yield Finding.ok(f"all {len(registry.entries)} load")


def _reinstall(problem: PluginProblem) -> str:
    # The core's version is right where its files are not: pip would find nothing to upgrade.
    again = "--force-reinstall --no-deps " if problem.distribution == CORE else "--upgrade "
    return f"pip install {again}{shlex.quote(problem.distribution)}"


def processors() -> int:
    """Return how many processors this process may use."""
    # Fewer than the machine has where the process is pinned, as in a container.
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def memory() -> int:
    """Return how much memory the machine has, in bytes."""
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def _available() -> int | None:
    """Return the available memory in bytes, None where the system does not tell."""
    try:
        lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
    except OSError:
        return None
    found = (line.split() for line in lines if line.startswith("MemAvailable:"))
    return next((int(words[1]) * 1024 for words in found), None)


def cores(_: Subject) -> Iterator[Finding]:
    """Count the processors."""
    yield Finding.ok(str(processors()))


def ram(_: Subject) -> Iterator[Finding]:
    """Measure the memory."""
    left = _available()
    yield Finding.ok(
        size(memory()) + (f", {size(left)} of it available" if left is not None else "")
    )


def disk(subject: Subject) -> Iterator[Finding]:
    """Measure what is free where the project's runs are kept; check that it is writable."""
    folder = existing(subject.folder / STATE)
    if not os.access(folder, os.W_OK | os.X_OK):
        fix = f"sudo chown -R $USER {shlex.quote(str(folder))}"
        yield Finding.wrong(f"{folder} cannot be written to", fix, exit_code=StoreError.exit_code)
    fix = f"du -xh --max-depth=2 {shlex.quote(str(folder))} | sort -h"
    yield free(folder, fix, StoreError.exit_code)


def free(folder: Path, fix: str, exit_code: int = ExecutorError.exit_code) -> Finding:
    """Return how much is free on a folder's disk."""
    left = shutil.disk_usage(folder).free
    what = f"{size(left)} free at {folder}"
    if left < _FULL:
        return Finding.wrong(what, fix, exit_code=exit_code)
    return Finding.warning(what, fix) if left < _SCARCE else Finding.ok(what)


def existing(path: Path) -> Path:
    """Return a path, or the nearest folder above it that is there."""
    return next(one for one in (path, *path.parents) if one.exists())
