"""The Probability of Backtest Overfitting by combinatorially symmetric cross-validation.

[5] Bailey, Borwein, Lopez de Prado, Zhu 2017, The Probability of Backtest Overfitting.
"""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
import numpy.typing as npt
from attrs import frozen

from leanopt_evidence._halves import Choices, Halves, Metric
from leanopt_evidence._inputs import FEWEST, Estimate, Floats, Ints, constant, matrix

#: From more blocks there are more than 184,756 choices, and no further insight.
_MOST_BLOCKS = 20
_NO_CHOICES = Estimate(None, "no choices")


@frozen(eq=False)
class Overfitting:
    """What selection in one half of the history is worth in the other half.

    `probability` is the share of choices whose winner is in the lower half out of sample (logit <=
    0), `even` that with logit = 0. `loss` is the share of winners below zero out of sample, `slope`
    and `intercept` the line of degradation. `dominance` says in which order the winners dominate
    the mean of all columns stochastically, None: in neither. By choice there are `winners` (columns
    of the input), `ranks` (1 worst), `logits`, values `inside` and `outside` (-inf: none).
    `removed` are the columns without variance, `dropped` the oldest rows that fill no block.
    """

    probability: Estimate
    even: float | None = None
    loss: Estimate = _NO_CHOICES
    slope: Estimate = _NO_CHOICES
    intercept: Estimate = _NO_CHOICES
    dominance: Literal["first", "second"] | None = None
    winners: Ints | None = None
    ranks: Floats | None = None
    logits: Floats | None = None
    inside: Floats | None = None
    outside: Floats | None = None
    removed: tuple[int, ...] = ()
    dropped: int = 0


def probability_of_overfitting(
    returns: npt.ArrayLike, blocks: int = 16, metric: Metric = "sharpe"
) -> Overfitting:
    """Return the Probability of Backtest Overfitting [5, alg. 2.3, eq. 2.4, sec. 3.1].

    `returns` are periods x trials; the oldest rows that fill no block are dropped. For each choice
    of half of the S `blocks` the best column there is ranked in the other half. A column without a
    Sharpe ratio in a half ranks below all others there. `metric` is the Sharpe ratio per period or
    the mean. Fewer than two columns that vary, or two rows a block: no value. Raises ValueError for
    NaN, infinity, another metric, and an S that is odd or not from 2 to 20.
    """
    values = matrix(returns)
    if blocks % 2 or not FEWEST <= blocks <= _MOST_BLOCKS:
        raise ValueError(f"blocks is {blocks}: expected an even number from 2 to {_MOST_BLOCKS}")
    if metric not in ("sharpe", "mean"):
        raise ValueError(f"metric is {metric!r}: expected 'sharpe' or 'mean'")
    dropped = len(values) % blocks
    values = values[dropped:]
    if len(values) < FEWEST * blocks:
        return Overfitting(Estimate(None, "fewer than two rows a block"), dropped=dropped)
    flat = constant(values)
    kept, removed = np.flatnonzero(~flat), tuple(np.flatnonzero(flat).tolist())
    if len(kept) < FEWEST:
        why = Estimate(None, "fewer than two columns vary")
        return Overfitting(why, removed=removed, dropped=dropped)
    found = Halves(values[:, kept] if removed else values, blocks, metric).all()
    return _summary(found, kept, removed, dropped)


def _summary(found: Choices, kept: Ints, removed: tuple[int, ...], dropped: int) -> Overfitting:
    # ln(w / (1 - w)) with w = rank / (N + 1), whose zero is exact so.
    logits = np.log(found.ranks / (len(kept) + 1 - found.ranks))
    known = np.isfinite(found.inside) & np.isfinite(found.outside)
    slope, intercept = degradation(found.inside[known], found.outside[known])
    valued = found.outside[np.isfinite(found.outside)]
    loss = Estimate(float((valued < 0).mean())) if len(valued) else Estimate(None, "no values")
    return Overfitting(
        probability=Estimate(float((logits <= 0).mean())),
        even=float((logits == 0).mean()),
        loss=loss,
        slope=slope,
        intercept=intercept,
        dominance=_dominance(valued, found.average[np.isfinite(found.average)]),
        winners=kept[found.winners],
        ranks=found.ranks,
        logits=logits,
        inside=found.inside,
        outside=found.outside,
        removed=removed,
        dropped=dropped,
    )


def degradation(inside: Floats, outside: Floats) -> tuple[Estimate, Estimate]:
    """Return slope b and intercept a of outside = a + b inside, by least squares."""
    if len(inside) < FEWEST or constant(inside[:, None])[0]:
        none = Estimate(None, "the winners have one value in sample")
        return none, none
    centred = inside - inside.mean()
    slope = float(centred @ outside / (centred @ centred))
    return Estimate(slope), Estimate(float(outside.mean() - slope * inside.mean()))


def _dominance(winners: Floats, average: Floats) -> Literal["first", "second"] | None:
    """Return in which order the first distribution dominates the second [5, sec. 3.3]."""
    if not len(winners) or not len(average):
        return None
    points = np.unique(np.concatenate([winners, average]))
    gap = _shares(average, points) - _shares(winners, points)
    if (gap >= 0).all() and (gap > 0).any():
        return "first"
    area = np.cumsum(gap[:-1] * np.diff(points))
    return "second" if (area >= 0).all() and (area > 0).any() else None


def _shares(values: Floats, points: Floats) -> npt.NDArray[Any]:
    """Return the share of values that are at most each point."""
    return np.searchsorted(np.sort(values), points, side="right") / len(values)
