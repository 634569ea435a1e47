"""Runs that show nothing: a screen that knows when the first trial was told, and their time."""

from __future__ import annotations

import time
from pathlib import Path

from leanopt_core.search.events import RunEvent, Screen, TrialTold


def run(pipeline: Path, screen: Screen, *sets: str) -> None:
    """Run a pipeline with a seed of its own, so that hardly a point is in another run."""
    from leanopt_core.pipeline import load_pipeline
    from leanopt_core.plugins import discover
    from leanopt_core.search.run import run_pipeline

    registry = discover()
    loaded = load_pipeline(pipeline, registry, sets=sets, seed=time.time_ns() % 2**31)
    run_pipeline(loaded, registry, screen)


def timed_run(pipeline: Path, *sets: str) -> tuple[int, float]:
    """Run a pipeline; return how many trials were told after the first, and in how many seconds.

    These are the seconds until the end of the run.
    """
    quiet = Quiet()
    run(pipeline, quiet, *sets)
    return quiet.told_count - 1, time.perf_counter() - quiet.first_told


def without_store(pipeline: Path) -> Path:
    """Remove the store of a pipeline, and return the pipeline."""
    for file in pipeline.parent.glob(".leanopt/leanopt.db*"):
        file.unlink()
    return pipeline


class Quiet:
    """What a run tells a screen, mostly unheard."""

    def __init__(self) -> None:
        self.told_count = 0
        self.first_told = 0.0

    def told(self, _record: object) -> None:
        """Count, and note when the first one came."""
        if not self.told_count:
            self.first_told = time.perf_counter()
        self.told_count += 1

    def observe(self, event: RunEvent) -> None:
        """Take notice of told trials only."""
        if isinstance(event, TrialTold):
            self.told(event.record)

    def tick(self) -> None:
        """There is nothing to redraw."""

    def patience(self) -> float | None:
        """There is nothing to redraw."""
        return None
