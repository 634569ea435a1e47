"""Say why a run has ended without a completed trial, and how to try one."""

from __future__ import annotations

from collections.abc import Sequence
from shlex import quote

from attrs import frozen

from leanopt_core.report.figures import counted
from leanopt_core.report.subject import search_argument
from leanopt_core.search.failing import FAILING
from leanopt_core.store.records import RankedTrial, StoredRun
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


def hopeless(
    run: StoredRun, tally: Tally, failed: Failed | None, best: Sequence[RankedTrial]
) -> str | None:
    """Return in one line why a finished run found nothing, None if it may have.

    It has no completed trial, or it ended because its trials lack a statistic. `failed` is the
    run's first failed trial, `best` are its best ones.
    """
    stopped = {stage.search for stage in tally.stages if stage.ended == FAILING}
    if run.state != "finished" or tally.feasible:
        return None
    if tally.completed and len(stopped) < len(run.searches):
        return None
    if not best:
        return f"no trial of run {run.name} was completed: none was proposed"
    told = f"{counted(tally.told, 'trial')} of run {run.name}"
    if tally.completed or failed is None:
        first = best[0]
        why = "; ".join(first.trial.details.get("reasons", ()))
        what, search, number = f"none of {told} has a fitness", first.search, first.trial.number
    else:
        why, search, number = failed.why, failed.search, failed.trial
        what = f"all {told} failed" if tally.told > 1 else f"the trial of run {run.name} failed"
    ended = f", so it ended ({FAILING})" if stopped else ""
    chosen = search_argument(run, search)
    alone = f"`leanopt backtest --of {quote(run.name)}:{number}{chosen}` runs it alone"
    return f"{what}{ended}; trial {number}: {why}; {alone}"
