"""The `jsonl` sink: one JSON object per trial."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, TextIO

from leanopt_core.canonical import canonical_json
from leanopt_core.options import JsonLinesOptions
from leanopt_core.sinks.base import TrialRecord
from leanopt_core.trial import Score


def create(options: JsonLinesOptions, project: Path) -> JsonLinesSink:
    """Return a sink that writes to `options.path`, relative to the folder `project`."""
    return JsonLinesSink(project / options.path)


class JsonLinesSink:
    """Writes each trial as a line; a resumed run rewrites the file, so no trial is repeated."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: TextIO | None = None

    def start(self, run: str, plan: Mapping[str, Any], resumed: bool) -> None:  # noqa: ARG002 - the contract
        """Start the file again."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._file = self._path.open("w", encoding="utf-8")

    def trial(self, record: TrialRecord) -> None:
        """Write one line."""
        if self._file is None:
            raise RuntimeError("the sink was not started")
        trial, score = record.trial, record.trial.score
        line = {
            "search": record.search,
            "number": trial.number,
            "stage": trial.stage,
            "origin": trial.origin,
            "parameters": record.parameters,
            "fitness": score.fitness,
            "violation": score.violation,
            "violations": {v.constraint: v.size for v in score.violations},
            "reasons": score.reasons,
            "failure": score.failure,
            **({} if score.complete else {"pruned_at": score.pruned_at}),
            **({"values": dict(score.values)} if len(score.objectives) > 1 else {}),
            **({"penalties": penalties} if (penalties := _penalties(score)) else {}),
            "statistics": record.statistics,
        }
        self._file.write(canonical_json(line) + "\n")

    def stage(self, search: int, stage: str, reason: str) -> None:
        """Write nothing: a line is a trial."""

    def finish(self, state: str) -> None:  # noqa: ARG002 - the contract
        """Close the file."""
        if self._file is not None:
            self._file.close()


def _penalties(score: Score) -> dict[str, float]:
    return {one.constraint: one.amount for one in score.penalties}
