"""A screen that shows nothing and knows when the first trial was told."""

from __future__ import annotations

import time


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

    def patience(self) -> float | None:
        """There is nothing to redraw."""
        return None

    def _unheard(self, *_arguments: object, **_more: object) -> None:
        return None

    warning = preparing = started = stage_started = stage_ended = _unheard
    backtested = cached = tick = _unheard
