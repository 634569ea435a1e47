"""Reads `optimizer-config.json`, the configuration of LEAN's optimizer."""

from __future__ import annotations

import re
from types import MappingProxyType
from typing import Final

from attrs import frozen

from leanopt_core.api import Operator, did_you_mean
from leanopt_lean.importing.draft import MISSING, At, Draft
from leanopt_lean.importing.fixed import put_fixed
from leanopt_lean.importing.lean_space import Ranged, put_space
from leanopt_lean.importing.objective import Bound, Target, operator_of, put_bounds, put_target
from leanopt_lean.importing.table import Table

_STRATEGIES: Final = ("GridSearchOptimizationStrategy", "EulerSearchOptimizationStrategy")
#: A TimeSpan: days, hours, minutes, seconds; fractions of a second are left out.
_SPAN: Final = re.compile(r"(?:(\d{1,8})\.)?(\d{1,2}):([0-5]\d)(?::([0-5]\d)(?:\.\d{1,7})?)?")
#: In seconds, the longest time of a search.
_LONGEST: Final = 3650 * 86400
_HOLD_OUT: Final = "to hold out data, set [scenario] end (if the strategy reads it)"
_HERE: Final = "leanopt has its own"
_ENDS: Final = "leanopt always exits when it is done"
#: Why keys of LEAN's configuration have no counterpart.
REASONS: Final = MappingProxyType(
    {
        "algorithm-type-name": "found in the source, unless [strategy] algorithm names it",
        "algorithm-language": "the project's files show it",
        "algorithm-location": "the project is built from its source",
        "optimizer-close-automatically": _ENDS,
        "results-destination-folder": "results are in .leanopt beside the pipeline",
        "out-of-sample-max-end-date": _HOLD_OUT,
        "out-of-sample-days": _HOLD_OUT,
        "optimization-launcher": _HERE,
        "optimization-id": _HERE,
        "data-channel": _HERE,
        "log-handler": _HERE,
        "messaging-handler": _HERE,
        "debug-mode": "use leanopt run --verbose",
        "estimate": "use leanopt plan, which estimates the duration",
        "environment": "leanopt only backtests",
    }
)
UNKNOWN: Final = "LEAN's optimizer does not read it"


@frozen
class OptimizerSettings:
    """The file's settings besides the search: the number of workers, and the data folder."""

    workers: int | None
    workers_at: At
    data: str | None
    data_at: At


def read_config(document: Table, draft: Draft) -> OptimizerSettings:
    """Translate the search in a configuration; return its other settings."""
    strategy_at, _ = document.take("optimization-strategy")
    euler = _is_euler(document)
    segments = _segments(document)
    ranges = [
        ranged
        for item in document.tables("parameters")
        if (ranged := _parameter(item, draft)) is not None
    ]
    if not ranges and not draft.mistakes:
        draft.mistake(
            document.at / "parameters", MISSING, "expected at least one parameter with min and max"
        )
    put_space(ranges, euler=euler, segments=segments, at=strategy_at, draft=draft)
    _target(document, draft)
    bounds = [bound for one in document.tables("constraints") if (bound := _bound(one, draft))]
    put_bounds(bounds, draft)
    data_at, _ = document.take("data-folder")
    data = document.text("data-folder")
    workers_at, _ = document.take("maximum-concurrent-backtests")
    workers = document.whole("maximum-concurrent-backtests")
    document.rest(REASONS, UNKNOWN)
    return OptimizerSettings(workers, workers_at, data, data_at)


def _is_euler(document: Table) -> bool:
    name = document.text("optimization-strategy")
    if name is None:
        return False  # LEAN's default is the grid
    short = name.split(",")[0].strip().rpartition(".")[2]
    by_name = {one.casefold(): one for one in _STRATEGIES}
    if short.casefold() not in by_name:
        expected = "expected LEAN's grid or Euler search"
        hint = did_you_mean(short, _STRATEGIES)
        document.draft.mistake(document.at / "optimization-strategy", name, expected, hint)
    return by_name.get(short.casefold()) == _STRATEGIES[1]


def _segments(document: Table) -> int | None:
    settings = document.table("optimization-strategy-settings")
    if settings is None:
        return None
    settings.take("$type")
    amount = settings.whole("default-segment-amount")
    if amount is not None and not 0 <= amount <= 1000:  # noqa: PLR2004 - euler's own bound
        at = settings.at / "default-segment-amount"
        document.draft.mistake(at, amount, "expected 1 to 1000")
        amount = None
    _put_time(settings)
    settings.rest({}, UNKNOWN)
    return amount or None


def _put_time(settings: Table) -> None:
    """Set the running time; LEAN's is a TimeSpan, as 1.12:30:00 for 36.5 hours."""
    names = ("MaxRuntime", "max-run-time", "max-runtime")
    text, (at, _) = settings.text(*names), settings.take(*names)
    if text is None:
        return
    found = _SPAN.fullmatch(text.strip())
    if found is None or (seconds := _seconds(found)) <= 0:
        expected = "expected a duration of .NET, as 02:30:00 or 1.12:30:00"
        settings.draft.mistake(at, text, expected)
    elif seconds > _LONGEST:
        settings.draft.dropped(at, "means no limit")
    else:
        said = "LEAN's optimizer reads this limit, but does not end at it"
        settings.draft.put("search", "time", f"{seconds}s", at, said)


def _seconds(span: re.Match[str]) -> int:
    days, hours, minutes, seconds = (int(part or 0) for part in span.groups())
    return ((days * 24 + hours) * 60 + minutes) * 60 + seconds


def _parameter(item: Table, draft: Draft) -> Ranged | None:
    """Return a searched parameter; set a fixed one and return None."""
    name = item.text("name", "key", required=True)
    low_at, low = item.take("min")
    value_at, value = item.take("value")
    if low is MISSING and value is not MISSING:
        if name is not None:
            put_fixed(name, value, value_at, draft)
        item.rest({}, UNKNOWN)
        return None
    ends = item.number("min", required=True), item.number("max", required=True)
    steps = item.number("step"), item.number("minStep", "min-step")
    item.rest({}, UNKNOWN)
    if value is not MISSING:
        draft.dropped(value_at, "min and max take precedence")
    if name is None or ends[0] is None or ends[1] is None:
        return None
    if name in draft.tables.get("parameters", {}):
        draft.mistake(low_at.parent, name, "appears twice among the parameters")
    return Ranged(name, item.at, ends[0], ends[1], *steps)


def _target(document: Table, draft: Draft) -> None:
    criterion = document.table("optimization-criterion", "criterion")
    if criterion is None:
        if document.take("optimization-criterion")[1] is MISSING:
            at = document.at / "optimization-criterion"
            draft.mistake(at, MISSING, 'expected { "target": ..., "extremum": "max" or "min" }')
        return
    statistic_at, _ = criterion.take("target")
    direction_at, _ = criterion.take("extremum")
    value_at, _ = criterion.take("target-value", "targetValue")
    put_target(
        Target(
            criterion.text("target", required=True),
            statistic_at,
            criterion.text("extremum"),
            direction_at,
            criterion.number("target-value", "targetValue"),
            value_at,
        ),
        draft,
    )
    criterion.rest({}, UNKNOWN)


def _bound(item: Table, draft: Draft) -> Bound | None:
    statistic = item.text("target", required=True)
    name = item.text("operator", required=True)
    value = item.number("target-value", "targetValue", required=True)
    item.rest({}, UNKNOWN)
    operator = operator_of(name) if name else None
    if name and operator is None:
        names = [one.lean for one in Operator]
        expected = "expected an operator"
        draft.mistake(item.at / "operator", name, expected, did_you_mean(name, names))
    if statistic is None or operator is None or value is None:
        return None
    return Bound(item.at, statistic, operator, value)
