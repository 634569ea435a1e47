"""What sections are made of: a run, one of its searches, and the trials of that."""

from __future__ import annotations

from collections.abc import Mapping
from shlex import quote
from typing import Any

from attrs import frozen

from leanopt_core.api import OpenStore, StoredRun, StoredSearch
from leanopt_report._trials import Trials, trials_of


@frozen
class Subject:
    """A search of a run; `document` is what `leanopt show --json` prints of it.

    `chosen` is the number of the trial that stands for it: the chosen one, or the best if none is
    feasible; None without a trial.
    """

    store: OpenStore
    run: StoredRun
    search: StoredSearch
    trials: Trials
    document: Mapping[str, Any]
    chosen: int | None

    @classmethod
    def of(cls, store: OpenStore, run: StoredRun, search: StoredSearch) -> Subject:
        """Read a search of a run."""
        told = store.trials(run, search=search.number)
        chosen = store.chosen(run, search=search.number)
        return cls(
            *(store, run, search, trials_of(run.space, search, run.id, told)),
            store.document(run, search=search.number),
            search.best if chosen is None else chosen.number,
        )

    @property
    def alone(self) -> bool:
        """Return whether this is the only search of its run."""
        return len(self.run.searches) == 1

    def command(self, trial: int) -> str:
        """Return the command that shows a trial."""
        search = "" if self.alone else f" --search {self.search.number}"
        return f"leanopt show {quote(self.run.name)} {trial}{search}"
