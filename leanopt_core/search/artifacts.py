"""Keeps the full result files of some backtests, as `[search] keep` says.

What may be wanted is copied aside when its answer has been read, and given to the trials that wait
for it when its outcome is noted. What is not among the best any more goes when a better trial has
been told. An engine that writes full results on demand runs the best again, when all are known.
"""

from __future__ import annotations

import heapq
import os
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath

from attrs import frozen

from leanopt_core.errors import ExecutorError, LeanoptError
from leanopt_core.project_files import RESULTS
from leanopt_core.trial import Trial
from leanopt_core.work import DOCUMENT, Files, Outcome

# Of one backtest; what is larger is no result, and may be meant to fill the disk.
_LARGEST = 2**30
_PIECE = 2**20


def kept_in(project: Path, run: str, search: int, number: int) -> Path:
    """Return the folder that a trial's full results are kept in; searches count from 1."""
    return project / RESULTS / run / f"{search}" / f"{number}"


@frozen
class BacktestRef:
    """Whose results they are: search (from 1), trial, scenario."""

    search: int
    number: int
    scenario: str


class ArtifactKeeper:
    """Keeps results of one run: `all`, `failed`, `none`, or the `best:N` of each search.

    `later` says that those of the best are to be had when the run has ended, by running them again.
    """

    def __init__(self, keep: str, project: Path, run: str, *, later: bool = False) -> None:
        policy, _, most = keep.partition(":")
        self._policy = policy
        self._most = int(most or 0)
        self._project = project
        self._run = run
        self._later = later and policy == "best"
        self._best: dict[int, list[tuple[float, int]]] = {}
        self._fault = ""
        self.close()  # what a killed run left

    @property
    def asks(self) -> frozenset[str]:
        """Return what every request is to ask for, beside what is stored of each backtest."""
        return frozenset({DOCUMENT} if self._policy in ("all", "failed") else ())

    def later(self) -> Mapping[int, Sequence[int]]:
        """Return by search the trials whose results are to be had by running them again."""
        best = self._best if self._later else {}
        return {search: sorted(-number for _, number in some) for search, some in best.items()}

    def take(self, ticket: int, files: Files, outcome: Outcome) -> None:
        """Copy a backtest's files aside if they may be wanted; from any thread."""
        failed = outcome.failure is not None
        wanted = {"all": True, "failed": failed, "best": not (failed or self._later)}
        if not wanted.get(self._policy, False):
            return
        try:
            _copy_all(files, self._aside(ticket))
        except (OSError, LeanoptError) as error:
            self._fault = self._fault or f"full results cannot be kept: {error}"

    def give(self, ticket: int, places: Sequence[BacktestRef]) -> None:
        """Hand what was copied aside to the trials that wait for it; without any it goes."""
        aside = self._aside(ticket)
        if self._policy == "none" or not aside.exists():
            return
        try:
            for ref in places:
                target = self._folder(ref.search, ref.number) / ref.scenario
                # A resumed run may have got as far as this before.
                shutil.rmtree(target, ignore_errors=True)
                shutil.copytree(aside, target, copy_function=os.link)
        except OSError as error:
            self._fault = self._fault or f"full results cannot be kept: {error}"
        shutil.rmtree(aside, ignore_errors=True)

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

    def close(self) -> None:
        """Remove what nobody waits for any more."""
        if self._policy != "none":
            shutil.rmtree(self._aside(0).parent, ignore_errors=True)

    def _folder(self, search: int, number: int) -> Path:
        return kept_in(self._project, self._run, search, number)

    def _aside(self, ticket: int) -> Path:
        return self._project / RESULTS / self._run / "read" / f"{ticket}"


def _copy_all(files: Files, folder: Path) -> None:
    """Copy files into a new folder; raises OSError, or ExecutorError for what cannot be kept."""
    left = _LARGEST
    for name in files.names():
        # The names are those of a worker, which may be anything.
        parts = PurePosixPath(name).parts
        if not parts or name.startswith("/") or ".." in parts:
            raise ExecutorError(f"a worker left a file called {name!r}")
        left -= _copy(files, name, folder.joinpath(*parts), left)


def _copy(files: Files, name: str, target: Path, most: int) -> int:
    """Copy one file and return its size."""
    target.parent.mkdir(parents=True, exist_ok=True)
    size = 0
    try:
        with files.open(name) as source, target.open("xb") as copy:
            while piece := source.read(_PIECE):
                size += len(piece)
                if size > most:
                    raise ExecutorError(f"a backtest left more than {_LARGEST / 2**30:g} GiB")
                copy.write(piece)
    except FileNotFoundError:
        return 0
    return size
