"""What is done when a run has ended: ring the terminal's bell, call a command of the user's."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click
from attrs import define

from leanopt_core.cli.common import open_project
from leanopt_core.cli.session import warn
from leanopt_core.errors import LeanoptError, UsageError
from leanopt_core.report.subject import state_of
from leanopt_core.search.events import RunEvent, RunStarted, StillScreen

if TYPE_CHECKING:
    from leanopt_core.store.records import RankedTrial, StoredRun

#: A command that takes longer is ended, in seconds.
_LIMIT: Final = 60.0


@define(eq=False)
class Ending(StillScreen):
    """Learns which run a command runs; a screen that shows nothing."""

    project: Path | None = None
    run: str | None = None

    def observe(self, event: RunEvent) -> None:
        """Note the run."""
        if isinstance(event, RunStarted):
            self.run = event.run.name


def words(
    context: click.Context, parameter: click.Parameter, text: str | None
) -> Sequence[str] | None:
    """Return the words of a command, split as a shell does; raises UsageError if it cannot run."""
    del context, parameter
    if text is None:
        return None
    try:
        found = shlex.split(text)
    except ValueError as error:
        raise UsageError(
            f"--notify {text!r}: {error}".replace("No closing", "no closing")
        ) from None
    if not found:
        raise UsageError("--notify: found '', expected a command")
    if shutil.which(found[0]) is None:
        raise UsageError(f"--notify: there is no program {found[0]!r}")
    return found


@contextmanager
def announced(*, bell: bool, notify: Sequence[str] | None) -> Iterator[Ending]:
    """Ring and call the command when the block has ended, also by an error."""
    ending, state = Ending(), "failed"
    try:
        yield ending
        state = "finished"
    except click.exceptions.Exit as exit_:
        state = "finished" if exit_.exit_code == 0 else "failed"
        raise
    except KeyboardInterrupt:
        state = "interrupted"
        raise
    finally:
        if bell and sys.stderr.isatty():
            click.echo("\a", nl=False, err=True)
        if notify is not None:
            _call(notify, _variables(ending, state))


def _variables(ending: Ending, state: str) -> Mapping[str, str]:
    """Return what the command finds in its environment; `state` is that without a run."""
    trials = ("BEST", "BEST_TRIAL", "CHOSEN", "CHOSEN_TRIAL")
    found = {"RUN": "", "STATE": state, **dict.fromkeys(trials, ""), "PROJECT": ""}
    if ending.project is not None:
        found["PROJECT"] = str(ending.project.absolute())
        with suppress(LeanoptError):
            found |= _of_run(ending.project, ending.run) if ending.run else {}
    return {f"LEANOPT_{name}": text for name, text in found.items()}


def _of_run(project: Path, name: str) -> Mapping[str, str]:
    from leanopt_core.report.chosen import chosen_trials

    with open_project(project) as store:
        run: StoredRun = store.runs.find(name)
        found = {"RUN": run.name, "STATE": state_of(store, run)}
        best = store.reader.ranked(run, 1)
        chosen = chosen_trials(store, run)
    several = len(run.searches) > 1
    return {**found, **_trial("BEST", best, several), **_trial("CHOSEN", chosen, several)}


def _trial(name: str, trials: Sequence[RankedTrial], several: bool) -> Mapping[str, str]:
    """Return fitness and number of the first trial, nothing if it is not feasible."""
    for one in trials[:1]:
        if one.trial.fitness is not None and not one.trial.violation:
            number = f"{one.search}:{one.trial.number}" if several else str(one.trial.number)
            return {name: repr(one.trial.fitness), f"{name}_TRIAL": number}
    return {}


def _call(command: Sequence[str], variables: Mapping[str, str]) -> None:
    """Call a command and say how it failed, if it does; its output goes to standard error."""
    named = shlex.join(command)
    try:
        done = subprocess.run(
            command,
            env={**os.environ, **variables},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=_LIMIT,
            check=False,
        )
    except subprocess.TimeoutExpired:
        warn(f"--notify: {named} was ended after {_LIMIT:g} s")
    except KeyboardInterrupt:
        warn(f"--notify: {named} was interrupted")
    except OSError as error:
        warn(f"--notify: {named} cannot be called: {error.strerror}")
    else:
        click.echo(done.stdout.decode(errors="replace"), nl=False, err=True)
        if done.returncode:
            warn(f"--notify: {named} failed with exit code {done.returncode}")
