"""Keep the full result files of some backtests, according to `[search] keep`.

Files that may be kept are copied to a temporary folder after the answer is read, and linked to the
waiting trials when the outcome is stored. With `best:N`, a trial's files are removed when it is no
longer among the best. An engine that writes full results on demand reruns the best trials at the
end.
"""

from __future__ import annotations

import heapq
import os
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath

from attrs import frozen

from leanopt_core.errors import ExecutorError, LeanoptError
from leanopt_core.project_files import RESULTS, make_folder
from leanopt_core.trial import Trial
from leanopt_core.work import DOCUMENT, Files, Outcome

# Limit per backtest; larger output is not a result and may be meant to fill the disk.
_LARGEST = 2**30
_PIECE = 2**20


def kept_in(project: Path, run: str, search: int, number: int) -> Path:
    """Return the folder of a trial's full results; searches count from 1."""
    return project / RESULTS / run / f"{search}" / f"{number}"


@frozen
class BacktestRef:
    """A backtest of a run: search (from 1), trial, scenario, and the scenario's index (from 0)."""

    search: int
    number: int
    scenario: str
    ordinal: int


class ArtifactKeeper:
    """Keeps results of one run: `all`, `failed`, `none`, or the `best:N` of each search.

    With `later`, the results of the best trials are produced at the end, by rerunning them.
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
        self.close()  # remove the temporary files of a killed run

    @property
    def asks(self) -> frozenset[str]:
        """Return the additional outputs that every request must ask for."""
        return frozenset({DOCUMENT} if self._policy in ("all", "failed") else ())

    def later(self) -> Mapping[int, Sequence[int]]:
        """Return, by search, the trials to rerun for their results."""
        best = self._best if self._later else {}
        return {search: sorted(-number for _, number in some) for search, some in best.items()}

    def take(self, ticket: int, files: Files, outcome: Outcome) -> None:
        """Copy a backtest's files to a temporary folder if they may be kept; from any thread."""
        failed = outcome.failure is not None
        wanted = {"all": True, "failed": failed, "best": not (failed or self._later)}
        if not wanted.get(self._policy, False):
            return
        try:
            copy_all(files, self._aside(ticket))
        except (OSError, LeanoptError) as error:
            self._fault = self._fault or f"full results cannot be kept: {error}"
            # Half of the files would look like all of them.
            shutil.rmtree(self._aside(ticket), ignore_errors=True)

    def give(self, ticket: int, refs: Sequence[BacktestRef]) -> None:
        """Link the copied files to the waiting trials, and remove the copy."""
        aside = self._aside(ticket)
        if self._policy == "none" or not aside.exists():
            return
        try:
            for ref in refs:
                # By number: a symbol in the scenario's name may be no name of a folder.
                target = self._folder(ref.search, ref.number) / f"{ref.ordinal + 1}"
                # A resumed run may have linked them before.
                shutil.rmtree(target, ignore_errors=True)
                shutil.copytree(aside, target, copy_function=os.link)
        except OSError as error:
            self._fault = self._fault or f"full results cannot be kept: {error}"
        shutil.rmtree(aside, ignore_errors=True)

    def told(self, search: int, trial: Trial) -> None:
        """Take a trial's score; remove the files of trials that are not among the best."""
        if self._policy != "best":
            return
        score = trial.score
        if not (score.feasible and score.complete) or score.objective is None:
            self.drop(search, trial.number)
            return
        best = self._best.setdefault(search, [])
        # Among equals, the first trial stays.
        heapq.heappush(best, (score.objective, -trial.number))
        if len(best) > self._most:
            self.drop(search, -heapq.heappop(best)[1])

    def drop(self, search: int, number: int) -> None:
        """Remove a trial's files."""
        if self._policy != "none":
            shutil.rmtree(self._folder(search, number), ignore_errors=True)

    def fault(self) -> str:
        """Return the first error since the last call, else an empty text."""
        fault, self._fault = self._fault, ""
        return fault

    def close(self) -> None:
        """Remove the temporary files."""
        if self._policy != "none":
            shutil.rmtree(self._aside(0).parent, ignore_errors=True)

    def _folder(self, search: int, number: int) -> Path:
        return kept_in(self._project, self._run, search, number)

    def _aside(self, ticket: int) -> Path:
        return self._project / RESULTS / self._run / "read" / f"{ticket}"


def copy_all(files: Files, folder: Path) -> None:
    """Copy files to a new folder; raises OSError, or ExecutorError for unsafe or huge files."""
    left = _LARGEST
    for name in files.names():
        # The names come from a worker and cannot be trusted.
        parts = PurePosixPath(name).parts
        if not parts or name.startswith("/") or ".." in parts:
            raise ExecutorError(f"a worker wrote a file called {name!r}")
        left -= _copy(files, name, folder.joinpath(*parts), left)


def _copy(files: Files, name: str, target: Path, most: int) -> int:
    """Copy one file and return its size."""
    make_folder(target.parent)
    size = 0
    try:
        with files.open(name) as source, target.open("xb") as copy:
            while piece := source.read(_PIECE):
                size += len(piece)
                if size > most:
                    raise ExecutorError(f"a backtest wrote more than {_LARGEST / 2**30:g} GiB")
                copy.write(piece)
    except FileNotFoundError:
        return 0
    return size
