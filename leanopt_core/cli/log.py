"""The log of a run: a line for each event, for `--verbose` and `--log`."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime

from leanopt_core.cli.generations import Generations
from leanopt_core.cli.output import plain
from leanopt_core.report.figures import counted, number, values_shown
from leanopt_core.search.events import (
    BacktestCached,
    BacktestEnded,
    Noted,
    Preparing,
    RunEvent,
    RunStarted,
    StageEnded,
    StageStarted,
    StillScreen,
    TrialTested,
    TrialTold,
    Warned,
)
from leanopt_core.trial import Score


class LogScreen(StillScreen):
    """Pass one line per event to `write`, with the time in UTC."""

    def __init__(self, write: Callable[[str], object]) -> None:
        self._write = write
        self._generations = Generations()

    def observe(self, event: RunEvent) -> None:
        """Log an event."""
        if (text := self._generations.ended(event)) is not None:
            self._say(text)
        for text in _texts(event):
            self._say(text)

    def _say(self, text: str) -> None:
        now = datetime.now(UTC).isoformat(timespec="milliseconds")
        lines = plain(text).splitlines() or [""]
        self._write("\n".join([f"{now} {lines[0]}", *(f"    {more}" for more in lines[1:])]))


def _texts(event: RunEvent) -> Iterator[str]:
    match event:
        case Preparing(message) | Noted(message):
            yield message
        case RunStarted(run, _, workers):
            yield f"run {run.name}: plan {run.plan_hash}, {counted(workers, 'worker')}"
            for name, said in json.loads(run.execution).get("build", {}).items():
                yield f"build {name}: {said}"
        case Warned(message):
            yield f"warning: {message}"
        case StageStarted(search, stage):
            yield f"stage {stage} of search {search} begins"
        case StageEnded(search, stage, reason):
            yield f"stage {stage} of search {search} ended: {reason}"
        case TrialTold() | TrialTested():
            yield _judged(event)
        case BacktestEnded(outcome, seconds):
            failure = outcome.failure
            why = f"{failure.category}: {failure.message}" if failure else "complete"
            yield f"backtest of {seconds:.3f} s: {why}"
        case BacktestCached():
            yield "backtest found in the cache"


def _judged(event: TrialTold | TrialTested) -> str:
    if isinstance(event, TrialTested):
        tests = ", ".join(event.names)
        number = f"trial {event.number} of search {event.search}, tested on {tests}"
        return f"{number}: {_result(event.score)}"
    record, trial = event.record, event.record.trial
    values = " ".join(f"{k}={v}" for k, v in values_shown(record.parameters).items())
    number = f"trial {trial.number} of search {record.search}, {trial.stage}"
    return f"{number} ({values}): {_result(trial.score)}"


def _result(score: Score) -> str:
    if score.failure:
        return score.failure
    if score.fitness is None:
        return f"no fitness: {'; '.join(score.reasons)}"
    violated = f", violates by {score.violation:.6g}" if score.violation else ""
    return f"fitness {number(score.fitness)}{violated}"
