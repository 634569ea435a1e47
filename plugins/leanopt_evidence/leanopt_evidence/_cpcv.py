"""Combinatorial purged cross-validation of the stored daily returns of a search."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from math import sqrt
from typing import Any

import numpy as np
from attrs import asdict, frozen

from leanopt_core.api import OpenStore, StoredRun, UsageError
from leanopt_evidence._aligned import Aligned, aligned_returns
from leanopt_evidence._cross_validation import CrossValidation, OutOfSamplePath, cross_validate
from leanopt_evidence._inputs import FEWEST, Estimate
from leanopt_evidence._purged import PurgedSplits, combinatorial_splits


@frozen
class Asked:
    """How the days are split: `purge` in days with returns, `embargo` in calendar days."""

    groups: int
    test_groups: int
    purge: int
    embargo: int


@frozen(eq=False)
class StoredCrossValidation:
    """The cross-validation of a search of a run, by its returns of all scenarios or of one."""

    run: StoredRun
    search: int
    asked: Asked
    returns: Aligned
    splits: PurgedSplits
    found: CrossValidation

    @property
    def days(self) -> tuple[str, str]:
        """Return the first and the last day with returns."""
        return str(self.returns.days[0]), str(self.returns.days[-1])

    @property
    def chosen(self) -> dict[int, int]:
        """Return in how many splits each trial was chosen, the most frequent first."""
        known = (at for at in self.found.chosen if at is not None)
        return dict(Counter(self.returns.trials[at] for at in known).most_common())

    def a_year(self, sharpe: float | None) -> float | None:
        """Return a Sharpe ratio per day as one per year."""
        return None if sharpe is None else sharpe * sqrt(self.returns.periods)


def validate_stored(
    store: OpenStore, run: StoredRun, search: int, scenario: str | None, asked: Asked
) -> StoredCrossValidation:
    """Return the cross-validation of the daily returns that a search of a run has stored.

    Raises UsageError if there are no returns of two trials, with what to do, or if the days cannot
    be split so.
    """
    returns = aligned_returns(store, run, search, scenario)
    if len(returns.trials) < FEWEST:
        raise UsageError(_too_few(run, search, returns))
    try:
        splits = combinatorial_splits(
            *(len(returns.days), asked.groups, asked.test_groups),
            purge=asked.purge,
            embargo=asked.embargo,
            days=returns.days.astype(np.int64),
        )
    except ValueError as error:
        first, last = returns.days[0], returns.days[-1]
        where = f"{len(returns.days):,} days with returns, {first} to {last}"
        raise UsageError(f"run {run.name}: {where}: {error}") from None
    found = cross_validate(returns.values, splits)
    return StoredCrossValidation(run, search, asked, returns, splits, found)


def _too_few(run: StoredRun, search: int, returns: Aligned) -> str:
    """Return why there is nothing to cross-validate, and what to do."""
    count, reasons = len(returns.trials), Counter(returns.reasons.values())
    having = "1 trial has" if count == 1 else f"{count} trials have"
    said = f"run {run.name}, search {search}: {having} daily returns, 2 are needed"
    if not reasons:
        return said
    reason, others = reasons.most_common(1)[0]
    said = f"{said}; {others:,} have none: {reason}"
    if "not stored" not in reason:
        return said
    if json.loads(run.execution).get("curves") == "none":
        return f'{said}; remove curves = "none" from [search] and give leanopt run --again'
    return f"{said}; the strategy must report its equity (`times` and `equity` of a Result)"


def document(made: StoredCrossValidation) -> dict[str, Any]:
    """Return the cross-validation as plain JSON values; Sharpe ratios are per year."""
    found, returns, (first, last) = made.found, made.returns, made.days
    return {
        "run": made.run.name,
        "search": made.search,
        **asdict(made.asked),
        "days": {"count": len(returns.days), "first": first, "last": last},
        "periods_per_year": returns.periods,
        "trials": len(returns.trials),
        "left_out": returns.left_out,
        "filled": returns.filled,
        "sharpe": _distribution(made, "sharpe"),
        "return": _distribution(made, "growth"),
        "drawdown": _distribution(made, "drawdown"),
        "loss": _estimate(found.loss),
        "degradation": {
            "slope": _estimate(found.slope),
            "intercept": _estimate(
                Estimate(made.a_year(found.intercept.value), found.intercept.reason)
            ),
        },
        "chosen": {str(number): count for number, count in made.chosen.items()},
        "splits": [_split(made, at) for at in range(len(found.chosen))],
        "paths": [_path(made, path) for path in found.paths],
    }


def _estimate(known: Estimate) -> dict[str, float | str | None]:
    return {"value": known.value, "reason": known.reason}


def _distribution(made: StoredCrossValidation, name: str) -> dict[str, float | None]:
    values: Mapping[str, float | None] = asdict(getattr(made.found, name))
    if name != "sharpe":
        return dict(values)
    return {key: one if key == "count" else made.a_year(one) for key, one in values.items()}


def _trial(made: StoredCrossValidation, column: int | None) -> int | None:
    return None if column is None else made.returns.trials[column]


def _split(made: StoredCrossValidation, at: int) -> dict[str, Any]:
    found = made.found
    return {
        "test_groups": [int(group) + 1 for group in made.splits.tested[at]],
        "train_days": int(made.splits.train[at].sum()),
        "trial": _trial(made, found.chosen[at]),
        "sharpe_train": made.a_year(found.inside[at]),
        "sharpe_test": made.a_year(found.outside[at]),
    }


def _path(made: StoredCrossValidation, path: OutOfSamplePath) -> dict[str, Any]:
    return {
        "splits": [split + 1 for split in path.splits],
        "trials": [_trial(made, column) for column in path.chosen],
        "sharpe": made.a_year(path.sharpe.value),
        "return": path.growth.value,
        "drawdown": path.drawdown.value,
        "reason": path.sharpe.reason or path.growth.reason,
    }
