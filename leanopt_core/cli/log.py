"""Everything that happens in a run, a line each: for `--verbose` and `--log`."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime

from leanopt_core.cli.output import plain
from leanopt_core.report.figures import number, values_shown
from leanopt_core.sinks.base import TrialRecord
from leanopt_core.store.records import StoredRun
from leanopt_core.trial import Score
from leanopt_core.work import Outcome


class LogScreen:
    """Gives `write` one line for each thing that happens, with the time in UTC."""

    def __init__(self, write: Callable[[str], object]) -> None:
        self._write = write

    def started(self, run: StoredRun, workers: int) -> None:
        """Say which run it is, with how many workers, and what was built."""
        self._say(f"run {run.name}: plan {run.plan_hash}, {workers} workers")
        for name, said in json.loads(run.execution).get("build", {}).items():
            self._say(f"build {name}: {said}")

    def preparing(self, message: str) -> None:
        """Say what is done before the run begins."""
        self._say(message)

    def warning(self, message: str) -> None:
        """Say a warning."""
        self._say(f"warning: {message}")

    def stage_started(self, search: int, stage: str) -> None:
        """Say that a stage begins."""
        self._say(f"stage {stage} of search {search} begins")

    def stage_ended(self, search: int, stage: str, reason: str) -> None:
        """Say that a stage has ended, and why."""
        self._say(f"stage {stage} of search {search} ended: {reason}")

    def told(self, record: TrialRecord) -> None:
        """Say what became of a trial."""
        trial = record.trial
        values = " ".join(f"{k}={v}" for k, v in values_shown(record.parameters).items())
        self._say(f"trial {trial.number} of {trial.stage} ({values}): {_fate(trial.score)}")

    def backtested(self, outcome: Outcome, seconds: float) -> None:
        """Say how long a backtest took, and why it failed."""
        failure = outcome.failure
        why = f"{failure.category}: {failure.message}" if failure else "complete"
        self._say(f"backtest of {seconds:.3f} s: {why}")

    def cached(self) -> None:
        """Say that the store answered a backtest."""
        self._say("backtest answered from the store")

    def tick(self) -> None:
        """Nothing is redrawn."""

    def patience(self) -> float | None:
        """Return None: there is nothing to redraw."""
        return None

    def _say(self, text: str) -> None:
        now = datetime.now(UTC).isoformat(timespec="milliseconds")
        lines = plain(text).splitlines() or [""]
        self._write("\n".join([f"{now} {lines[0]}", *(f"    {more}" for more in lines[1:])]))


def _fate(score: Score) -> str:
    if score.failure:
        return score.failure
    if score.fitness is None:
        return f"no fitness: {'; '.join(score.reasons)}"
    violated = f", violates by {score.violation:.6g}" if score.violation else ""
    return f"fitness {number(score.fitness)}{violated}"
