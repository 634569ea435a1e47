"""Check what engines return, and make plain values of it.

A wrong value is its engine's fault, and not a bug of leanopt later on.
"""

from __future__ import annotations

import math
import re
from array import array
from collections.abc import Collection, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from itertools import chain, islice
from operator import attrgetter, lt
from pathlib import Path
from typing import Any, Final

from leanopt_core.data_files import outside
from leanopt_core.engines.base import Build, ScenarioFiles
from leanopt_core.outputs import (
    LARGEST_INT,
    TRADE_FIELDS,
    ClosedTrade,
    Equity,
    plain_number,
    read_trade,
)
from leanopt_core.search.guard import MAPPINGS
from leanopt_core.shown import shown
from leanopt_core.statistics import Statistics
from leanopt_core.work import Category, Failure, Launch, Outcome, Request

# The usual type first, as in `MAPPINGS`.
_SETS: Final = (frozenset, AbstractSet)

_SHA256: Final = re.compile("[0-9a-f]{64}")

_values = attrgetter(*TRADE_FIELDS)


class UnusableError(Exception):
    """Something that an engine returned breaks the contract; the text says what it is."""


def checked_build(build: object) -> Build:
    """Return a prepared strategy; raises UnusableError."""
    if not isinstance(build, Build):
        raise UnusableError(f"{type(build).__name__}, expected Build")
    for name in ("strategy", "source", "identity"):
        value = getattr(build, name)
        _expect(isinstance(value, str), f"a Build with the {name}", value, "a text")
    launch, command = build.launch, getattr(build.launch, "command", ())
    _expect(isinstance(launch, Launch), "a Build with the launch", launch, "a Launch")
    good = texts(command) and bool(command)
    _expect(good, "a Launch with the command", command, "a tuple of texts")
    _expect(texts(build.notes), "a Build with the notes", build.notes, "a tuple of texts")
    _check_reads("a Build", build.reads, build.read_types)
    _check_in_place(build.in_place)
    refused: object = build.refused
    good = isinstance(refused, Mapping) and texts((*refused, *refused.values()))
    _expect(good, "a Build with the refused", refused, "a mapping of scenarios to reasons")
    _check_sources(build.sources)
    return build


def _check_in_place(files: object) -> None:
    good = isinstance(files, Mapping) and all(
        isinstance(path, Path) and isinstance(text, str) and _SHA256.fullmatch(text)
        for path, text in files.items()
    )
    _expect(good, "a Build with the in_place", files, "a mapping of paths to their SHA-256")


def _check_sources(files: object) -> None:
    good = isinstance(files, Mapping) and all(
        isinstance(name, str) and isinstance(text, str) and _SHA256.fullmatch(text)
        for name, text in files.items()
    )
    _expect(good, "a Build with the sources", files, "a mapping of names to their SHA-256")


def checked_request(request: object) -> Request:
    """Return a request; raises UnusableError."""
    if not isinstance(request, Request):
        raise UnusableError(f"{type(request).__name__}, expected Request")
    payload: Any = request.payload
    # Not parsed, since that would cost every backtest more than making the request.
    if not (isinstance(payload, str) and payload[:1] == "{" and payload[-1:] == "}"):
        raise _unusable("a Request with the payload", payload, "a JSON object as text")
    if "\n" in payload:
        raise UnusableError("a payload of several lines")
    return request


def checked_scenario_files(files: object) -> ScenarioFiles:
    """Return the data files of a scenario; raises UnusableError."""
    if not isinstance(files, ScenarioFiles):
        raise UnusableError(f"{type(files).__name__}, expected ScenarioFiles")
    patterns: Any = files.patterns
    good = patterns is None or (texts(patterns) and not any(map(outside, patterns)))
    expected = "a list of patterns below the data or None"
    _expect(good, "ScenarioFiles with the patterns", patterns, expected)
    _expect(isinstance(files.why, str), "ScenarioFiles with the why", files.why, "a text")
    return files


def checked_outcome(outcome: object, needs: frozenset[str]) -> Outcome:
    """Return what was read from an answer, with plain numbers; raises UnusableError.

    What the fitness function needs has no NaN and no infinity, and the store gives back the same.
    """
    if not isinstance(outcome, Outcome):
        raise UnusableError(f"{type(outcome).__name__}, expected Outcome")
    _check_result(outcome.statistics, outcome.failure)
    _check_reads("an Outcome", outcome.read, outcome.read_types)
    closed, equity, trades = outcome.closed_trades, outcome.equity, outcome.trades
    if closed is None and equity is None and trades is None:
        return outcome
    return Outcome(
        statistics=outcome.statistics,
        failure=outcome.failure,
        equity=None if equity is None else _equity(equity, needs),
        trades=None if trades is None else _trades(trades, needs),
        read=outcome.read,
        read_types=outcome.read_types,
        closed_trades=None if closed is None else _count(closed),
    )


def texts(value: object) -> bool:
    """Return whether this is a list of texts, or another sequence of them."""
    return isinstance(value, Sequence) and not isinstance(value, str) and _all_texts(value)


def _check_result(statistics: object, failure: object) -> None:
    if statistics is None and failure is None:
        raise UnusableError("an empty Outcome, expected statistics or a failure")
    if statistics is not None and failure is not None:
        raise UnusableError("an Outcome with statistics and a failure, expected one of them")
    if statistics is not None:
        if not isinstance(statistics, Statistics):
            raise _unusable("an Outcome with the statistics", statistics, "Statistics")
    else:
        good = isinstance(failure, Failure) and isinstance(failure.category, Category)
        _expect(good, "an Outcome with the failure", failure, "a Failure with a Category")


def _check_reads(what: str, read: object, read_types: object) -> None:
    if not (read is None or _text_set(read)):
        raise _unusable(f"{what} with the parameters read", read, "a set of texts or None")
    if not isinstance(read_types, MAPPINGS) or not (
        not read_types or (_all_texts(read_types) and _text_sets(read_types.values()))
    ):
        expected = "a mapping from texts to sets of texts"
        raise _unusable(f"{what} with the read_types", read_types, expected)


def _equity(equity: Equity, needs: frozenset[str]) -> Equity:
    _expect(isinstance(equity, Equity), "an Outcome with the equity", equity, "an Equity")
    try:
        curve = Equity(_column("q", equity.times), _column("d", equity.values))
    except (TypeError, ValueError, OverflowError) as error:
        raise UnusableError(f"an Equity that cannot be read: {error}") from None
    if "equity" in needs:
        _check_curve(curve.times, curve.values)
    return curve


def _column(code: str, numbers: Sequence[Any]) -> array[Any]:
    if isinstance(numbers, array) and numbers.typecode == code:
        return numbers
    return array(code, numbers)


def _check_curve(times: Sequence[int], values: Sequence[float]) -> None:
    if times and max(map(abs, times)) > LARGEST_INT:
        raise UnusableError("an Equity whose times are not seconds since 1970")
    if not all(map(lt, times, islice(times, 1, None))):
        at = next(at for at in range(1, len(times)) if times[at - 1] >= times[at])
        raise UnusableError(f"an Equity whose times[{at}] is not after the one before")
    if not all(map(math.isfinite, values)):
        at = next(at for at, value in enumerate(values) if not math.isfinite(value))
        raise UnusableError(f"an Equity whose values[{at}] is {values[at]}")


def _trades(trades: Sequence[ClosedTrade], needs: frozenset[str]) -> Sequence[ClosedTrade]:
    good = isinstance(trades, Sequence)
    _expect(good, "an Outcome with the trades", trades, "a sequence or None")
    if "trades" not in needs:
        return trades
    return tuple(_trade(trade, place) for place, trade in enumerate(trades))


def _trade(trade: ClosedTrade, place: int) -> ClosedTrade:
    good = isinstance(trade, ClosedTrade)
    _expect(good, f"an Outcome with trades[{place}]", trade, "a ClosedTrade")
    try:
        return read_trade(_values(trade), place)
    except ValueError as error:
        raise UnusableError(f"an Outcome in which {error}") from None


def _count(closed: object) -> int:
    try:
        count = plain_number(int, closed)
    except (TypeError, ValueError, OverflowError):
        count = -1
    _expect(count >= 0, "an Outcome with the closed_trades", closed, "a whole number or None")
    return count


def _text_set(value: object) -> bool:
    return isinstance(value, _SETS) and _all_texts(value)


def _text_sets(values: Collection[Any]) -> bool:
    sets = {*map(type, values)} == {frozenset} or all(isinstance(one, _SETS) for one in values)
    return sets and _all_texts(chain.from_iterable(values))


def _all_texts(values: Iterable[Any]) -> bool:
    # Every backtest has some, and this is five times as fast as to look at each.
    try:
        "".join(values)
    except TypeError:
        return False
    return True


def _expect(good: bool, what: str, found: object, expected: str) -> None:
    if not good:
        raise _unusable(what, found, expected)


def _unusable(what: str, found: object, expected: str) -> UnusableError:
    return UnusableError(f"{what} {shown(found)}, expected {expected}")
