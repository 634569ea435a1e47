"""Find what is wrong with the values that engines return; each function returns None if nothing is.

They look at types and at what the store and the pool rely on, so that a wrong value is its engine's
fault, and not a bug of leanopt later on.
"""

from __future__ import annotations

from array import array
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Any, Final

from leanopt_core.outputs import Equity
from leanopt_core.statistics import Statistics
from leanopt_core.work import Category, Failure, Launch, Outcome

# The usual type first: of an abstract class alone, the question costs more than the answer's rest.
_SETS: Final = (frozenset, AbstractSet)
_MAPPINGS: Final = (dict, Mapping)


def wrong_build(build: Any) -> str | None:
    """Return what is wrong with a prepared strategy."""
    for name in ("strategy", "source", "identity"):
        if not isinstance(value := getattr(build, name), str):
            return _found(f"a Build with the {name}", value, "a text")
    launch = build.launch
    if not isinstance(launch, Launch):
        return _found("a Build with the launch", launch, "a Launch")
    if not _texts(launch.command) or not launch.command:
        return _found("a Launch with the command", launch.command, "a tuple of texts")
    if not _texts(build.notes):
        return _found("a Build with the notes", build.notes, "a tuple of texts")
    return _wrong_reads("a Build", build.reads, build.read_types)


def wrong_request(request: Any) -> str | None:
    """Return what is wrong with a request."""
    payload = request.payload
    # Not parsed, since that would cost every backtest more than making the request.
    if isinstance(payload, str) and payload[:1] == "{" and payload[-1:] == "}":
        return None if "\n" not in payload else "it returned a payload of several lines"
    return _found("a Request with the payload", payload, "a JSON object as text")


def wrong_outcome(outcome: Any) -> str | None:
    """Return what is wrong with what was read from an answer."""
    if not isinstance(outcome, Outcome):
        return f"it returned {type(outcome).__name__}, expected Outcome"
    statistics: Any = outcome.statistics
    failure: Any = outcome.failure
    if statistics is None and failure is None:
        return "it returned an empty Outcome, expected statistics or a failure"
    if statistics is not None and failure is not None:
        return "it returned an Outcome with statistics and a failure, expected one of them"
    if statistics is not None and not isinstance(statistics, Statistics):
        return _found("an Outcome with the statistics", statistics, "Statistics")
    if failure is not None and not (
        isinstance(failure, Failure) and isinstance(failure.category, Category)
    ):
        return _found("an Outcome with the failure", failure, "a Failure with a Category")
    return _wrong_parts(outcome)


def _wrong_parts(outcome: Any) -> str | None:
    if outcome.trades is not None and not isinstance(outcome.trades, Sequence):
        return _found("an Outcome with the trades", outcome.trades, "a sequence or None")
    wrong = None if outcome.equity is None else _wrong_equity(outcome.equity)
    return wrong or _wrong_reads("an Outcome", outcome.read, outcome.read_types)


def _wrong_reads(what: str, read: object, read_types: object) -> str | None:
    if read is not None and not isinstance(read, _SETS):
        return _found(f"{what} with the parameters read", read, "a set of texts or None")
    if not isinstance(read_types, _MAPPINGS):
        return _found(f"{what} with the read_types", read_types, "a mapping")
    return None


def _wrong_equity(equity: Any) -> str | None:
    if not isinstance(equity, Equity):
        return _found("an Outcome with the equity", equity, "an Equity")
    try:
        times, values = len(equity.times), len(array("d", equity.values))
        array("q", equity.times)
    except OverflowError:
        return None  # the store says which times it cannot use
    except TypeError as error:
        return f"it returned an Equity that cannot be read: {error}"
    if times != values:
        return f"it returned an Equity of {times} times and {values} values, expected as many"
    return None


def _texts(value: object) -> bool:
    return (
        isinstance(value, Sequence)
        and not isinstance(value, str)
        and all(isinstance(one, str) for one in value)
    )


def _found(what: str, value: Any, expected: str) -> str:
    return f"it returned {what} {value!r:.100}, expected {expected}"
