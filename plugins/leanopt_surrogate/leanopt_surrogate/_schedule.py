"""How much work an ask may be: by the number of told trials and `asks_per_second`, no clock."""

from __future__ import annotations

from math import ceil

from attrs import frozen

from leanopt_surrogate import LEISURE

#: From so many told trials on, asks keep up with this rate even if no option says so.
MANY, LEAST = 1000, 50.0
#: From so many told trials on models see a part of them, which is chosen again at every so many.
MOST, EVERY = 2048, 512
#: One fitted model may propose for this time at the rate: 10 ms of work are then a tenth of a core.
BATCH_SECONDS = 0.1
#: It proposes so many at most: of some hundred new candidates, more would be any points.
BATCH_MOST = 128
#: Models are fitted again after this time at the rate, at the earliest.
FIT_SECONDS = 3.2


@frozen
class Schedule:
    """The work of asks that keep up with a rate; without one, of as few backtests as possible."""

    asks_per_second: float | None = None

    def rate(self, told: int) -> float:
        """Return the asks per second to keep up with; 0 if they may take their time."""
        rate = max(self.asks_per_second or 0.0, LEAST if told >= MANY else 0.0)
        return rate if rate > LEISURE else 0.0

    def batch(self, told: int) -> int:
        """Return how many proposals come from one fitted model."""
        return max(1, ceil(min(self.rate(told) * BATCH_SECONDS, BATCH_MOST)))

    def size(self, told: int, most: int) -> int:
        """Return the number of trees, trials or starts: `most` at leisure, a quarter at a rate."""
        return most // 4 if self.rate(told) else most

    def fitted(self, told: int, share: int) -> int:
        """Return how many of the told trials, the first ones, a model is fitted to.

        It is fitted again after 1/`share` more trials, or sooner. At a rate the steps are powers of
        two, so that a longer one begins where a shorter one would; they are as long as the rate
        demands, unless the trials would double.
        """
        rate = self.rate(told)
        if not rate:
            return told - told % max(1, told // share)
        wanted = max(told // share, ceil(rate * FIT_SECONDS))
        return told - told % _power(max(1, min(wanted, told // 2, EVERY)))


def _power(number: int) -> int:
    """Return the largest power of two up to `number`."""
    return 1 << number.bit_length() - 1
