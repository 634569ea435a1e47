"""Translates LEAN's target, constraints and names of statistics."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from attrs import frozen

from leanopt_core.api import (
    Operator,
    ResultConstraint,
    ResultConstraintError,
    did_you_mean,
    number_text,
)
from leanopt_lean.importing.draft import MISSING, At, Draft, Entry
from leanopt_lean.importing.table import Number

_PORTFOLIO: Final = "TotalPerformance.PortfolioStatistics."
#: The figures in that section of LEAN's documents.
_FIGURES: Final = (
    *("AverageWinRate", "AverageLossRate", "ProfitLossRatio", "WinRate", "LossRate", "Expectancy"),
    *("StartEquity", "EndEquity", "CompoundingAnnualReturn", "Drawdown", "TotalNetProfit"),
    *("SharpeRatio", "ProbabilisticSharpeRatio", "SortinoRatio", "Alpha", "Beta"),
    *("AnnualStandardDeviation", "AnnualVariance", "InformationRatio", "TrackingError"),
    *("TreynorRatio", "PortfolioTurnover", "ValueAtRisk99", "ValueAtRisk95", "DrawdownRecovery"),
)
_RENAMED: Final = {"totaltrades": "Total Orders"}


@frozen
class Target:
    """The target: a statistic, its direction, and the value at which the search ends."""

    statistic: str | None
    statistic_at: At
    direction: str | None
    direction_at: At
    value: Number | None
    value_at: At


@frozen
class Bound:
    """One constraint on results."""

    at: At
    statistic: str
    operator: Operator
    bound: Number


def put_target(target: Target, draft: Draft) -> None:
    """Make the target the fitness."""
    draft.put("fitness", "use", "statistic", target.statistic_at)
    if target.statistic:
        name = statistic_name(target.statistic, target.statistic_at, draft)
        draft.put("fitness", "statistic", name, target.statistic_at)
    direction = (target.direction or "").strip().casefold()
    if direction in ("max", "min"):
        draft.put("fitness", "direction", direction, target.direction_at)
    else:
        found = MISSING if target.direction is None else target.direction
        hint = did_you_mean(direction, ("max", "min")) if direction else ""
        draft.mistake(target.direction_at, found, 'expected "max" or "min"', hint)
    if target.value is not None:
        comment = "the search ends when a trial reaches it"
        draft.put("fitness", "target", target.value, target.value_at, comment)


def put_bounds(bounds: Sequence[Bound], draft: Draft) -> None:
    """Make the bounds constraints on results."""
    texts = []
    for bound in bounds:
        name = statistic_name(bound.statistic, bound.at, draft)
        text = _constraint(name, bound)
        if text is None:
            draft.mistake(bound.at, bound.statistic, "expected the name of a statistic")
        elif text in texts:
            draft.dropped(bound.at, f"duplicates another constraint: {text}")
        else:
            texts.append(text)
    if texts:
        draft.tables.setdefault("constraints", {})["results"] = Entry(
            texts, bounds[0].at.parent, "trials that violate them are kept, but never the best"
        )


def statistic_name(name: str, at: At, draft: Draft) -> str:
    """Return leanopt's name for a statistic; note it if that differs from the file's.

    Paths are kept without brackets, quotes and `Statistics.` before them.
    """
    plain = re.sub(r"[\[\]'\"]", "", name)
    parts = [part.strip() for part in plain.split(".")]
    if len(parts) > 1 and parts[0].casefold() == "statistics":
        parts = parts[1:]
    plain = ".".join(parts)
    renamed = _RENAMED.get(re.sub(r"[\s_-]", "", parts[-1]).casefold())
    if renamed is None or plain.casefold().startswith("totalperformance.tradestatistics"):
        return plain
    draft.note(at, f"renamed to '{renamed}', LEAN's name since 2024")
    return renamed


def command_line_name(name: str, at: At, draft: Draft) -> str:
    """Return the path that LEAN's command line makes of a statistic's name.

    It reads the portfolio's statistics only. Other names, which it never finds, are kept and noted.
    """
    if "." in name:
        return name
    plain = re.sub(r"\s", "", name).casefold()
    for figure in _FIGURES:
        if figure.casefold() == plain:
            return f"{_PORTFOLIO}{figure}"
    draft.note(at, f"LEAN's command line would not find '{name}': it reads {_PORTFOLIO[:-1]} only")
    return name


def operator_of(text: str) -> Operator | None:
    """Return the operator of this symbol, or of LEAN's name in any case."""
    names = {
        **{one.value: one for one in Operator},
        **{one.lean.casefold(): one for one in Operator},
    }
    return names.get(text.strip().casefold())


def _constraint(name: str, bound: Bound) -> str | None:
    """Return the constraint as text, None if that would be parsed as another one."""
    quoted = f"'{name}'" if re.search(r"[<>=!≤≥≠]", name) else name
    text = f"{quoted} {bound.operator.value} {number_text(bound.bound)}"
    try:
        read = ResultConstraint.parse(text)
    except ResultConstraintError:
        return None
    return text if (read.statistic, read.operator) == (name, bound.operator) else None
