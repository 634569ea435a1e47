"""Notice that the system's clock was set back."""

from __future__ import annotations

import time

from attrs import define, field

# Seconds by which a clock may be corrected without a word.
_CORRECTED = 1.0


def _offset() -> float:
    return time.time() - time.monotonic()


@define
class ClockWatch:
    """Compares the clock with one that nobody can set, from the moment it is made."""

    _begun: float = field(factory=_offset)

    def set_back(self) -> str | None:
        """Return a warning if the clock was set back since, else None."""
        seconds = self._begun - _offset()
        if seconds < _CORRECTED:
            return None
        return (
            f"the system's clock was set back by {seconds:,.0f} s during the run: times in the "
            "store are not in order; trials and results do not depend on the clock"
        )
