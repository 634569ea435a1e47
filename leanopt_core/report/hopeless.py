"""Say why a run has ended without a completed trial, and how to try one."""

from __future__ import annotations

from attrs import frozen

from leanopt_core.search.failing import FAILING
from leanopt_core.store.records import StoredRun
from leanopt_core.store.tally import Tally


@frozen
class Failed:
    """A failed trial: the number of its search, its own number, and the failure."""

    search: int
    trial: int
    category: str
    message: str

    @property
    def why(self) -> str:
        """Return the failure in one line."""
        return f"{self.category}: {next(iter(self.message.splitlines()), '')}".rstrip(": ")


def hopeless(run: StoredRun, tally: Tally, failed: Failed | None) -> str | None:
    """Return in one line why a finished run has no completed trial, None if it has one.

    `failed` is the run's first failed trial.
    """
    if run.state != "finished" or tally.completed:
        return None
    if failed is None:
        return f"no trial of run {run.name} was completed: none was proposed"
    search = f" --search {failed.search}" if len(run.searches) > 1 else ""
    alone = f"`leanopt show {run.name} {failed.trial}{search}` shows how to run it alone"
    told = f"all {tally.failed:,} trials of run {run.name} failed"
    if any(stage.ended == FAILING for stage in tally.stages):
        told = f"{told} alike, so it ended ({FAILING})"
    return f"{told}; trial {failed.trial} with {failed.why}; {alone}"
