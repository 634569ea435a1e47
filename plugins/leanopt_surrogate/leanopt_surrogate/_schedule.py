"""How much work an ask may be: by the number of told trials and `asks_per_second`, no clock."""

from __future__ import annotations

from math import ceil

from attrs import frozen

from leanopt_surrogate import LEISURE

#: From so many told trials on, asks keep up with this rate even if no option says so.
MANY, LEAST = 1000, 50.0
#: From so many told trials on models see a part of them, which is chosen again at every so many.
MOST, EVERY = 2048, 512
#: One fitted model may propose for this time at the rate: 9 ms of work are then 6% of a core.
BATCH_SECONDS = 0.15
#: It proposes this part of the lookahead, so many at most: the last of them know a little less.
SHARE, FEW = 16, 8
#: It proposes so many at most: of some hundred new candidates, more would be any points.
BATCH_MOST = 128
#: Models are fitted again after up to this time at the rate, or after a share of many trials.
FIT_SECONDS = 3.2
#: Seconds of a trial by itself, of a batch at a rate, and of one at leisure.
TELL, FAST, SLOW = 0.0002, 0.009, 0.03


@frozen
class Schedule:
    """The work of asks that keep up with a rate; without one, of as few backtests as possible.

    Many outstanding trials make batches longer: what few of them will say changes little.
    """

    asks_per_second: float | None = None
    lookahead: int = 1

    def rate(self, told: int) -> float:
        """Return the asks per second to keep up with; 0 if they may take their time."""
        rate = max(self.asks_per_second or 0.0, LEAST if told >= MANY else 0.0)
        return rate if rate > LEISURE else 0.0

    def batch(self, told: int) -> int:
        """Return how many proposals come from one fitted model."""
        few = min(self.lookahead // SHARE, FEW)
        return max(1, few, ceil(min(self.rate(told) * BATCH_SECONDS, BATCH_MOST)))

    def seconds(self, told: int) -> float:
        """Return about what ask and tell of a trial take, as measured with seven parameters."""
        return TELL + (FAST if self.rate(told) else SLOW) / self.batch(told)

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
