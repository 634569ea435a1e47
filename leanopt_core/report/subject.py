"""What a command is about: a run, or one trial of a run, as typed."""

from __future__ import annotations

from attrs import frozen

from leanopt_core.errors import UsageError
from leanopt_core.project_files import LOCKS
from leanopt_core.search.lock import holder
from leanopt_core.store.records import RunSummary, StoredRun, StoredTrial
from leanopt_core.store.store import Store


@frozen
class Selection:
    """A run, and one of its trials where one is meant."""

    run: StoredRun
    trial: StoredTrial | None = None

    @property
    def name(self) -> str:
        """Return how it is typed."""
        return self.run.name if self.trial is None else f"{self.run.name}:{self.trial.number}"


def find_trial(store: Store, run: StoredRun, search: int, number: int) -> StoredTrial:
    """Return a trial of a run; raises UsageError where it has none of this number."""
    trial = store.reader.trial(run, search, number)
    if trial is None:
        raise UsageError(f"run {run.name} has no trial {number} in search {search}")
    return trial


def find_subject(store: Store, text: str, search: int) -> Selection:
    """Return what `RUN`, `RUN:TRIAL` or, of the newest run, `:TRIAL` means."""
    name, colon, number = text.rpartition(":")
    if not colon or not number.isdigit():
        return Selection(store.runs.find(text))
    run = store.runs.find(name or None)
    return Selection(run, find_trial(store, run, search, int(number)))


def process_of(store: Store, run: StoredRun | RunSummary) -> int | None:
    """Return the process at work on a run, None where there is none, 0 where it says not which."""
    return holder(store.path.parent.parent / LOCKS, run.name)


def state_of(store: Store, run: StoredRun | RunSummary) -> str:
    """Return how a run stands: one that says it is running without a process was killed."""
    if run.state == "running" and process_of(store, run) is None:
        return "killed"
    return run.state
