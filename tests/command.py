"""The `leanopt` command as tests call it: inside this process, or as one of its own.

Most tests ask what a command prints, with which exit code, and what it leaves in its folder. They
call it in this process, without the half second that a new interpreter takes to load. Those of
streams, signals and kills start the real program.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import os
import signal
import subprocess
import sys
import warnings
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import FrameType

from click import formatting
from click.testing import CliRunner

from leanopt_core.cli import main

LEANOPT = Path(sys.executable).with_name("leanopt")

Completed = subprocess.CompletedProcess[str]

#: Variables for strategies of tests that change how long they take, and never what they return.
#: Workers do not get them, and `[strategy] environment` would put them into the plan.
_PACE = ("HILL_DELAY", "HILL_STAYS", "DELAY")


def set_pace(folder: Path, arguments: Sequence[str], environment: Mapping[str, str]) -> None:
    """Leave the variables of `_PACE` as links beside the strategy, for the run that now begins.

    Reading a link is no reading of a file: it does not belong to what a result depends on.
    """
    if arguments and arguments[0] in ("run", "resume"):
        for name in _PACE:
            link = folder / f".{name}"
            if link.is_symlink():  # the folder may be read-only
                link.unlink()
            if name in environment:
                link.symlink_to(environment[name])


def as_process(
    folder: Path, arguments: Sequence[str], environment: Mapping[str, str], timeout: float
) -> Completed:
    """Run the installed program in a folder, with these variables besides this process's."""
    set_pace(folder, arguments, environment)
    return subprocess.run(
        [LEANOPT, *arguments],
        cwd=folder,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=timeout,
    )


def in_process(
    folder: Path, arguments: Sequence[str], environment: Mapping[str, str], timeout: float
) -> Completed:
    """Do the same in this process, and put back what the command changes in it.

    Descriptors 1 and 2 are captured, as the command and the processes that it starts write to them.
    """
    words = [str(one) for one in arguments]
    set_pace(folder, words, environment)
    path = {**os.environ, **environment}.get("PYTHONPATH", "")
    found = [one for one in path.split(os.pathsep) if one]
    with contextlib.chdir(folder), _restored(), _importing(found), _limited(timeout):
        done = CliRunner(capture="fd").invoke(_Program(), words, env=environment)
        completed = Completed([LEANOPT, *words], done.exit_code, done.stdout, done.stderr)
        # It holds the traceback, and that what the command had open.
        del done
    return completed


class _Program:
    """The installed program, for click's runner, which calls `main`."""

    name = "leanopt"

    def main(self, *, args: Sequence[str], prog_name: str) -> None:
        """Run as from a command line; always raises SystemExit or returns for exit code 0."""
        # The runner sets a width of its own; the program takes the terminal's.
        formatting.FORCED_WIDTH = None
        sys.argv = [prog_name, *args]
        main()


@contextlib.contextmanager
def _restored() -> Iterator[None]:
    """Put back signal handlers, the arguments and hooks of the interpreter."""
    signals = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    handlers = {one: signal.getsignal(one) for one in signals}
    arguments, hook, path = sys.argv, sys.unraisablehook, list(sys.path)
    try:
        with _warned():
            yield
    finally:
        for one, handler in handlers.items():
            signal.signal(one, handler)
        sys.argv, sys.unraisablehook, sys.path[:] = arguments, hook, path


@contextlib.contextmanager
def _warned() -> Iterator[None]:
    """Warn as the program does: of nothing that was left open, as the Docker SDK leaves sockets.

    What the command left is collected here. What was there before it is not looked through, now or
    later: that would take longer than most commands.
    """
    gc.collect(0)
    gc.freeze()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        yield
        gc.collect()


@contextlib.contextmanager
def _importing(folders: Sequence[str]) -> Iterator[None]:
    """Find modules in these folders first; forget them afterwards, as their process would."""
    before = set(sys.modules)
    sys.path[:0] = folders
    importlib.invalidate_caches()
    try:
        yield
    finally:
        for name in set(sys.modules) - before:
            file = getattr(sys.modules[name], "__file__", None) or ""
            if file.startswith(tuple(folders)):
                del sys.modules[name]


@contextlib.contextmanager
def _limited(timeout: float) -> Iterator[None]:
    """Raise TimeoutError in the command after so many seconds, so that a test cannot hang."""

    def over(_number: int, _frame: FrameType | None) -> None:
        raise TimeoutError(f"the command took longer than {timeout:g} s")

    before = signal.signal(signal.SIGALRM, over)
    signal.setitimer(signal.ITIMER_REAL, timeout)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
