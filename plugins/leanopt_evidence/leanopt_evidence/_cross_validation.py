"""The choice of a trial by combinatorial purged cross-validation: what it earns out of sample.

[10] Lopez de Prado 2018, Advances in Financial Machine Learning.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from attrs import frozen

from leanopt_core.api import Distribution
from leanopt_evidence._bootstrap import drawdowns
from leanopt_evidence._inputs import Estimate, Floats, matrix
from leanopt_evidence._overfitting import degradation
from leanopt_evidence._purged import PurgedSplits
from leanopt_evidence._sharpe import moments
from leanopt_evidence._spans import Stretches


@frozen(eq=False)
class OutOfSamplePath:
    """All n rows, each tested once: by group the split (from 0) and the column that it chose.

    `returns` are those of the chosen columns in the test rows, `sharpe` is per period, `growth` the
    compound return, `drawdown` a share. All four have no value if a split chose no column.
    """

    splits: tuple[int, ...]
    chosen: tuple[int | None, ...]
    returns: Floats | None
    sharpe: Estimate
    growth: Estimate
    drawdown: Estimate


@frozen(eq=False)
class CrossValidation:
    """What the choice by the Sharpe ratio in the training rows is worth in the test rows.

    By split: the column `chosen`, and its Sharpe ratios per period `inside` (training rows) and
    `outside` (test rows), None without one. `paths` join the tests. `sharpe`, `growth` and
    `drawdown` are distributed over the paths; `loss` is the share of paths with a growth below
    zero. `slope` and `intercept` are the line of degradation, outside = a + b inside.
    """

    chosen: tuple[int | None, ...]
    inside: tuple[float | None, ...]
    outside: tuple[float | None, ...]
    paths: tuple[OutOfSamplePath, ...]
    sharpe: Distribution
    growth: Distribution
    drawdown: Distribution
    loss: Estimate
    slope: Estimate
    intercept: Estimate


def cross_validate(returns: npt.ArrayLike, splits: PurgedSplits) -> CrossValidation:
    """Return how the best column of each split does where it was not chosen [10, 12.4].

    `returns` are periods x trials, at least -1. In each split the column with the highest Sharpe
    ratio in the training rows is chosen, the first on ties; a column that does not vary there has
    none. Raises ValueError for NaN, infinity, a return below -1, no column, and other rows than
    those of the splits.
    """
    values = matrix(returns)
    rows = splits.train.shape[1]
    if len(values) != rows or not values.shape[1]:
        raise ValueError(f"expected {rows} periods x trials, found shape {values.shape}")
    if values.min() < -1:
        raise ValueError(f"a return is {values.min()}: expected at least -1")
    chosen, inside = _choices(values, splits)
    outside = [
        None if column is None else moments(values[test, column]).sharpe
        for column, test in zip(chosen, splits.test, strict=True)
    ]
    paths = tuple(_path(values, splits, chosen, path) for path in splits.paths.tolist())
    return _summary(chosen, inside, outside, paths)


def _choices(
    values: npt.NDArray[Any], splits: PurgedSplits
) -> tuple[list[int | None], list[float | None]]:
    """Return the best column of each split and its Sharpe ratio, None where none has one."""
    chosen: list[int | None] = []
    inside: list[float | None] = []
    for sharpes in Stretches(values, splits.train).sharpes():
        best = int(sharpes.argmax())
        known = bool(np.isfinite(sharpes[best]))
        chosen.append(best if known else None)
        inside.append(float(sharpes[best]) if known else None)
    return chosen, inside


def _path(
    values: npt.NDArray[Any], splits: PurgedSplits, chosen: list[int | None], path: list[int]
) -> OutOfSamplePath:
    columns = tuple(chosen[split] for split in path)
    pieces = [
        values[first:end, column]
        for column, first, end in zip(columns, splits.edges, splits.edges[1:], strict=False)
        if column is not None
    ]
    if len(pieces) < len(columns):
        split = next(split for split in path if chosen[split] is None)
        none = Estimate(None, f"no column varies in the training rows of split {split}")
        return OutOfSamplePath(tuple(path), columns, None, none, none, none)
    joined = np.concatenate(pieces).astype(np.float64)
    found = moments(joined)
    growth, fall = float(np.prod(1 + joined) - 1), float(drawdowns(joined[None])[0])
    return OutOfSamplePath(
        *(tuple(path), columns, joined),
        Estimate(found.sharpe, found.reason),
        Estimate(growth),
        Estimate(fall),
    )


def _summary(
    chosen: list[int | None],
    inside: list[float | None],
    outside: list[float | None],
    paths: tuple[OutOfSamplePath, ...],
) -> CrossValidation:
    pairs = [
        (one, other)
        for one, other in zip(inside, outside, strict=True)
        if one is not None and other is not None
    ]
    slope, intercept = degradation(*np.array(pairs, dtype=np.float64).reshape(-1, 2).T)
    growths = [path.growth.value for path in paths]
    known = [growth for growth in growths if growth is not None]
    losses = sum(growth < 0 for growth in known)
    return CrossValidation(
        *(tuple(chosen), tuple(inside), tuple(outside), paths),
        Distribution.of(path.sharpe.value for path in paths),
        Distribution.of(growths),
        Distribution.of(path.drawdown.value for path in paths),
        Estimate(losses / len(known)) if known else Estimate(None, "no path has a return"),
        slope,
        intercept,
    )
