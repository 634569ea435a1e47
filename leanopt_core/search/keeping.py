"""Keeps the full result files of some backtests, as `[search] keep` says.

What may be wanted is copied when its answer has been read; what is not among the best any more goes
when a better trial has been told.
"""

from __future__ import annotations

import heapq
import shutil
from contextlib import suppress
from pathlib import Path

from leanopt_core.errors import LeanoptError
from leanopt_core.places import RESULTS
from leanopt_core.trial import Trial
from leanopt_core.work import Files, Outcome


def kept_in(project: Path, run: str, search: int, number: int) -> Path:
    """Return the folder that a trial's full results are kept in; searches count from 1."""
    return project / RESULTS / run / f"{search}" / f"{number}"


class Keeper:
    """Keeps results of one run: `all`, `failed`, `none`, or the `best:N` of each search."""

    def __init__(self, keep: str, project: Path, run: str) -> None:
        policy, _, most = keep.partition(":")
        self._policy = policy
        self._most = int(most or 0)
        self._project = project
        self._run = run
        self._best: dict[int, list[tuple[float, int]]] = {}
        self._fault = ""

    def keep(self, search: int, number: int, scenario: str, files: Files, outcome: Outcome) -> None:
        """Copy a backtest's files if they may be wanted; from any thread."""
        failed = outcome.failure is not None
        wanted = {"all": True, "failed": failed, "best": not failed}
        if not wanted.get(self._policy, False):
            return
        try:
            folder = self._folder(search, number) / scenario
            for name in files.names():
                _copy(files, name, folder / name)
        except (OSError, LeanoptError) as error:
            self._fault = self._fault or f"results cannot be kept in {folder}: {error}"

    def told(self, search: int, trial: Trial) -> None:
        """Learn a trial's score; drop what is not among the best."""
        if self._policy != "best":
            return
        if not trial.score.feasible or trial.score.objective is None:
            self.drop(search, trial.number)
            return
        best = self._best.setdefault(search, [])
        # Of equals the first one stays.
        heapq.heappush(best, (trial.score.objective, -trial.number))
        if len(best) > self._most:
            self.drop(search, -heapq.heappop(best)[1])

    def drop(self, search: int, number: int) -> None:
        """Remove what is kept of a trial."""
        if self._policy != "none":
            shutil.rmtree(self._folder(search, number), ignore_errors=True)

    def fault(self) -> str:
        """Return what went wrong since the last call, else nothing."""
        fault, self._fault = self._fault, ""
        return fault

    def _folder(self, search: int, number: int) -> Path:
        return kept_in(self._project, self._run, search, number)


def _copy(files: Files, name: str, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    with suppress(FileNotFoundError), files.open(name) as source, target.open("wb") as copy:
        shutil.copyfileobj(source, copy)
