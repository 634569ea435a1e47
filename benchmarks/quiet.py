"""A screen that shows nothing and knows when the first trial was told."""

from __future__ import annotations

import time

from leanopt_core.search.events import RunEvent, TrialTold


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
