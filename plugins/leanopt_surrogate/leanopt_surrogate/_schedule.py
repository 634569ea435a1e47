"""How much work an ask may be: by the number of told trials and `asks_per_second`, no clock."""

from __future__ import annotations

from math import ceil

from attrs import frozen

#: From so many told trials on, asks keep up with this rate even if no option says so.
MANY, LEAST = 1024, 40.0
#: One fitted model may propose for this time at the rate: 10 ms of work are then a tenth of a core.
BATCH_SECONDS = 0.1
#: Models are fitted again after this time at the rate, at the earliest.
FIT_SECONDS = 2.0


@frozen
class Schedule:
    """The work of asks that keep up with a rate; without one, of as few backtests as possible."""

    asks_per_second: float | None = None

    def rate(self, told: int) -> float:
        """Return the asks per second to keep up with; 0 if they may take their time."""
        return max(self.asks_per_second or 0.0, LEAST if told >= MANY else 0.0)

    def batch(self, told: int) -> int:
        """Return how many proposals come from one fitted model."""
        return max(1, ceil(self.rate(told) * BATCH_SECONDS))

    def fitted(self, told: int, share: int) -> int:
        """Return how many of the told trials a model is fitted to, told or not so long ago.

        A model is fitted again after 1/`share` to 2/`share` more trials, later if the rate demands
        it, but before the trials have doubled. Steps are powers of two: as the trials become more,
        a longer step begins where a shorter one would.
        """
        wanted = max(told // share, ceil(self.rate(told) * FIT_SECONDS), 1)
        step = min(_power(wanted), _power(told) // 2 or 1)
        return told - told % step


def _power(number: int) -> int:
    """Return the largest power of two up to `number`."""
    return 1 << number.bit_length() - 1
