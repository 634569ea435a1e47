"""Find the run or trial that a command names."""

from __future__ import annotations

import shlex
import time
from collections.abc import Iterable

from attrs import frozen

from leanopt_core.errors import UsageError
from leanopt_core.project_files import LOCKS
from leanopt_core.search.lock import holder, lock_path
from leanopt_core.store.records import RunSummary, StoredRun, StoredSearch, StoredTrial
from leanopt_core.store.store import Store
from leanopt_core.suggest import did_you_mean


@frozen
class Selection:
    """A run, or one of its trials; `search` is the number of the trial's search."""

    run: StoredRun
    trial: StoredTrial | None = None
    search: int = 1

    @property
    def name(self) -> str:
        """Return the name as the user types it."""
        return self.run.name if self.trial is None else f"{self.run.name}:{self.trial.number}"


def find_search(run: StoredRun, text: str | None) -> int:
    """Return the number of a run's search, given by number or by name; None means the first.

    A name goes before a number, since symbols may be numbers. Raises UsageError if the run has no
    such search.
    """
    if text is None:
        return 1
    numbers = {str(search.number): search.number for search in run.searches}
    names = {search.name: search.number for search in run.searches}
    found = names.get(text, numbers.get(text))
    if found is None:
        hint = did_you_mean(text, names)
        raise UsageError(f"run {run.name} has no search '{text}' ({hint})")
    return found


def searches_of(run: StoredRun, number: int | None) -> list[StoredSearch]:
    """Return all searches of a run, or the one with this number."""
    return list(run.searches) if number is None else [run.searches[number - 1]]


def search_argument(run: StoredRun, number: int) -> str:
    """Return ` --search SEARCH` for the search of this number, empty if the run has only one.

    SEARCH is its number, unless another search has that as its name: then it is the own name.
    """
    if len(run.searches) == 1:
        return ""
    text = str(number)
    if find_search(run, text) != number:
        text = shlex.quote(run.searches[number - 1].name)
    return f" --search {text}"


def find_trial(store: Store, run: StoredRun, search: int, number: int) -> StoredTrial:
    """Return a trial of a run; raises UsageError if it has no trial with this number."""
    trial = store.reader.trial(run, search, number)
    if trial is None:
        raise UsageError(f"run {run.name} has no trial {number} in search {search}")
    return trial


def find_subject(store: Store, text: str, search: str | None) -> Selection:
    """Return the subject for `RUN`, `RUN:TRIAL`, or `:TRIAL` of the newest run.

    `search` is the number or the name of the search that holds the trial, None for the first.
    """
    name, colon, number = text.rpartition(":")
    if not colon or not number.isdigit():
        return Selection(store.runs.find(text))
    run = store.runs.find(name or None)
    at = find_search(run, search)
    return Selection(run, find_trial(store, run, at, int(number)), at)


def process_of(store: Store, run: StoredRun | RunSummary) -> int | None:
    """Return the process id of a run, None if it is not running, 0 if the id is unknown."""
    return holder(store.path.parent.parent / LOCKS, run.name)


def process_started(store: Store, run: StoredRun) -> float:
    """Return when the process of a run started, in seconds since 1970; now if it has just ended."""
    try:
        return lock_path(store.path.parent.parent / LOCKS, run.name).stat().st_mtime
    except FileNotFoundError:
        return time.time()


def refuse_running(store: Store, runs: Iterable[StoredRun | RunSummary]) -> None:
    """Raise UsageError if a process runs one of these runs."""
    for run in runs:
        if process_of(store, run) is not None:
            raise UsageError(
                f"run {run.name} is running; stop it first: leanopt stop {shlex.quote(run.name)}"
            )


def state_of(store: Store, run: StoredRun | RunSummary) -> str:
    """Return a run's state; a run whose process has died is `killed`."""
    if run.state == "running" and process_of(store, run) is None:
        return "killed"
    return run.state
