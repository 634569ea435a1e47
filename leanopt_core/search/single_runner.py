"""Run single backtests on warm workers, and store them once data and sources have been checked."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Final, TypeAlias

from attrs import define, evolve, field

from leanopt_core.engines.base import Report
from leanopt_core.errors import InputsChangedError, LeanoptError
from leanopt_core.executors.places import place_of
from leanopt_core.executors.pool import Finished
from leanopt_core.needs import Outputs
from leanopt_core.project_files import SINGLES
from leanopt_core.search.artifacts import copy_all
from leanopt_core.search.differences import differences
from leanopt_core.search.input_watch import SHARE
from leanopt_core.search.opened import OpenedFiles
from leanopt_core.search.pools import worker_pool
from leanopt_core.search.prepare import Prepared
from leanopt_core.search.remade import read_made
from leanopt_core.search.unstored import run_aside
from leanopt_core.store.opened import OpenedSet
from leanopt_core.store.single import SingleWriter
from leanopt_core.work import DOCUMENT, LASTING, Backtest, Category, Files, Outcome

#: Called with the number of finished backtests and their total.
Progress: TypeAlias = Callable[[int, int], object]
#: Called before each wait for the workers: returns the maximum wait in seconds, may raise to stop.
Pause: TypeAlias = Callable[[], float | None]

# Seconds between two checks of data and sources, at least.
_EVERY: Final = 1.0
_MISLED: Final = "a run has found a change, and backtests of it have answered here"


@define(eq=False)
class Single:
    """A backtest with its content key in each place where workers run.

    `stored` is what the store has of it, `complete` if that is all that is asked for; `ran` is what
    a worker made of it, `differs` how that differs from the stored outcome. `results` is the folder
    of its full results.
    """

    backtest: Backtest
    keys: tuple[str, ...]
    stored: Outcome | None = None
    complete: bool = False
    ran: Outcome | None = None
    differs: str = ""
    results: Path | None = None


def results_of(project: Path, key: str) -> Path:
    """Return the folder of a single backtest's full results, by its content key."""
    return project / SINGLES / key[:32]


@define(eq=False)
class SingleRunner:
    """Runs single backtests, and records them with `writer`; `keep` keeps full results.

    `files` are those that the strategy opens, `report` gets warnings.
    """

    ready: Prepared
    writer: SingleWriter
    outputs: Outputs
    files: OpenedFiles
    report: Report
    keep: bool = field(kw_only=True)
    _due: float = field(init=False, default=0.0)

    def run(
        self, singles: Sequence[Single], workers: int | None, progress: Progress, pause: Pause
    ) -> None:
        """Run the backtests; what has finished is stored, also if an error ends the others."""
        most = self.ready.executor.workers(workers or self.ready.pipeline.executor.workers)
        try:
            for done, _ in enumerate(self._taken(singles, most, pause), 1):
                progress(done, len(singles))
                if time.monotonic() > self._due:
                    self._settle()
        finally:
            self._settle()

    def _taken(self, singles: Sequence[Single], most: int, pause: Pause) -> Iterator[Single]:
        """Yield backtests that have been taken."""
        # A failure on a worker that had run others may be their fault.
        for fresh in (False, True):
            left = [one for one in singles if one.ran is None]
            if not left:
                return
            with worker_pool(self.ready, min(most, len(left)), self.report, fresh=fresh) as pool:
                for finished in run_aside(
                    [one.backtest for one in left],
                    workers=pool,
                    engine=self.ready.engine,
                    outputs=self._asked,
                    pause=pause,
                ):
                    if self._take(left[finished.ticket], finished, last=fresh):
                        yield left[finished.ticket]

    @property
    def _asked(self) -> frozenset[str]:
        return self.outputs.asked | ({DOCUMENT} if self.keep else set())

    def _take(self, single: Single, finished: Finished[int], *, last: bool) -> bool:
        """Take a finished backtest; return False, unless `last`, if it must run again."""
        place = place_of(self.ready.executor, finished.worker)
        folder = results_of(self.ready.pipeline.folder, single.keys[place])
        keep = partial(self._keep, folder) if self.keep else None
        made = read_made(self.ready.engine, finished, single.backtest, self._asked, keep)
        outcome, failure = made.outcome, made.outcome.failure
        lasting = failure is None or failure.category in LASTING
        lost = failure is not None and failure.category is Category.DIED
        if not last and (lost or (failure is not None and lasting and not finished.fresh)):
            return False
        single.ran, single.results = outcome, folder if folder.is_dir() else None
        single.differs = _difference(single.stored, outcome)
        self._record(single, finished, place, made.fingerprint, lasting=lasting)
        return True

    def _record(
        self,
        single: Single,
        finished: Finished[int],
        place: int,
        fingerprint: str | None,
        *,
        lasting: bool,
    ) -> None:
        """Record a backtest as a trial unless it was one, and to answer unless another does."""
        key, outcome = single.keys[place], single.ran or Outcome()
        if single.stored is None:
            self.writer.count(evolve(single.backtest, key=key), outcome)
        opened = self._opened(finished, place)
        if lasting and not (single.complete or single.differs):
            self.writer.record(
                *(key, None, outcome),
                outputs=self.outputs.stored,
                attempts=finished.attempts,
                seconds=finished.seconds,
                worker=finished.worker,
                opened=opened,
                fingerprint=fingerprint,
            )

    def _opened(self, finished: Finished[int], place: int) -> Sequence[OpenedSet]:
        """Return the files that a result depends on; warn of what no file shows."""
        if finished.answer is None:
            return ()
        for text in self.files.unseen(finished.answer):
            self.report(text)
        return self.files.sets(finished.answer, finished.worker, place)

    def _keep(self, folder: Path, files: Files, _outcome: Outcome) -> None:
        """Copy a backtest's files, all or none."""
        part = folder.with_name(f"{folder.name}.part")
        try:
            shutil.rmtree(part, ignore_errors=True)
            part.mkdir(parents=True)
            copy_all(files, part)
            shutil.rmtree(folder, ignore_errors=True)
            part.rename(folder)
        except (OSError, LeanoptError) as error:
            self.report(f"full results cannot be kept: {error}")
            shutil.rmtree(part, ignore_errors=True)

    def _settle(self) -> None:
        """Store what was taken, if data and sources are unchanged; raises InputsChangedError."""
        begun = time.monotonic()
        changes = self.ready.inputs.changes() if self.ready.inputs else ()
        if changes or self.writer.misled:
            self.writer.drop()
            lines = "".join(f"  {line}\n" for line in changes or (_MISLED,))
            raise InputsChangedError(
                f"data or sources have changed meanwhile:\n{lines}"
                "what ran since the last check is not stored; run it again"
            )
        self.writer.commit()
        now = time.monotonic()
        self._due = now + max(_EVERY, (now - begun) / SHARE)


def _difference(stored: Outcome | None, ran: Outcome) -> str:
    """Return how an outcome differs from the stored one, empty if it does not."""
    if stored is None:
        return ""
    if stored.statistics is None or ran.statistics is None:
        before, now = _ended(stored), _ended(ran)
        return "" if before == now else f"{before}, now {now}"
    found = differences(dict(stored.statistics.values), dict(ran.statistics.values), 1)
    return found[0] if found else ""


def _ended(outcome: Outcome) -> str:
    return "completed" if outcome.failure is None else str(outcome.failure.category)
