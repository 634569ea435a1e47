"""Reads LEAN's result document: what a backtest left in its results folder, into an outcome."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from attrs import evolve

from leanopt_core.statistics import Statistics
from leanopt_core.work import Category, Failure, Files, Outcome
from leanopt_lean.curve import read_equity
from leanopt_lean.failures import failure_of
from leanopt_lean.missing import missing_prices
from leanopt_lean.sections import read_statistics
from leanopt_lean.trades import read_trades

ORDERS = "Total Orders"

# A document of minutes over years has some 20 MB; a file with holes may claim any size.
_LARGEST = 256 * 2**20


def read_results(
    files: Files, *, prefix: str, ident: str, symbol: str | None, outputs: frozenset[str]
) -> Outcome:
    """Return the outcome of a backtest that LEAN ran, whatever its exit code was.

    `prefix` leads to the results folder in `files` (as `results/`), `ident` is the `algorithm-id`,
    which names the document, `symbol` the scenario's. `outputs` may ask for `equity` and `trades`.
    Only a document that says `Completed`, without a runtime error, holds a result. A backtest
    without orders is complete: its `Total Orders` is 0, and all other statistics are unknown; but
    where LEAN missed prices of the symbol it has no result. Raises ExecutorError where the files
    cannot be reached.
    """
    name = f"{prefix}{ident}.json"
    try:
        document = _parsed(files, name)
    except FileNotFoundError:
        # The harness has called it complete: why there is none, nobody knows.
        message = f"LEAN left no result document '{name}': it ended before the backtest did"
        return _failed(Category.ENGINE, message)
    except ValueError as error:
        return _failed(Category.ENGINE, f"LEAN's result document '{name}' is damaged: {error}")
    failure = failure_of(document)
    if failure is not None:
        return Outcome(failure=failure)
    statistics = read_statistics(document)
    if statistics.total_orders is None:
        return _failed(Category.NO_RESULT, f"LEAN's result document says no '{ORDERS}'")
    outcome = Outcome(statistics, equity=read_equity(document) if "equity" in outputs else None)
    if statistics.total_orders == 0:
        return _without_orders(outcome, statistics, missing_prices(files, prefix, symbol), symbol)
    return evolve(outcome, trades=read_trades(document) if "trades" in outputs else None)


def _parsed(files: Files, name: str) -> Mapping[str, Any]:
    """Return the document; raises ValueError, which says where, for what is no JSON object."""
    import orjson

    with files.open(name) as file:
        text = file.read(_LARGEST + 1)
    if len(text) > _LARGEST:
        raise ValueError(f"it is larger than {_LARGEST // 2**20} MiB")
    document = orjson.loads(text)
    if not isinstance(document, dict):
        raise ValueError(f"it is {type(document).__name__}, expected an object")  # noqa: TRY004
    return document


def _failed(category: Category, message: str) -> Outcome:
    return Outcome(failure=Failure(category, message))


def _without_orders(
    outcome: Outcome, statistics: Statistics, missing: tuple[str, ...], symbol: str | None
) -> Outcome:
    """Return the outcome without LEAN's zeros, which stand for nothing that was measured."""
    if missing:
        shown = ", ".join(missing[:3]) + (f" and {len(missing) - 3} more" if missing[3:] else "")
        of = f" of {symbol}" if symbol else ""
        message = f"the strategy made no orders, and LEAN missed prices{of} in its data: {shown}"
        return _failed(Category.NO_RESULT, message)
    unknown = Statistics({**dict.fromkeys(statistics.values), ORDERS: 0.0})
    return evolve(outcome, statistics=unknown, trades=())
