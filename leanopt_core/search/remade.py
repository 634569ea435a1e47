"""Read what a backtest outside a search gave: its outcome, and its fingerprint."""

from __future__ import annotations

from typing import cast

from attrs import evolve

from leanopt_core.engines.base import Engine, HasFingerprint, has_fingerprint
from leanopt_core.errors import ExecutorError
from leanopt_core.executors.pool import Finished
from leanopt_core.search.readers import Keep, read
from leanopt_core.search.verification import Made
from leanopt_core.store.returns import daily_returns, returns_on
from leanopt_core.work import Answer, Backtest, Outcome


def read_made(
    engine: Engine,
    finished: Finished[int],
    backtest: Backtest,
    outputs: frozenset[str],
    keep: Keep | None = None,
) -> Made:
    """Return what a finished backtest gave; with an equity curve it has the daily returns too.

    `keep` gets its files. Raises PluginError if the engine makes no fingerprint of the answer.
    """
    if finished.answer is None:
        return Made(Outcome(failure=finished.failure))
    fingerprint = _fingerprint(engine, finished.answer)
    outcome = read(engine, finished.answer, backtest, outputs, keep=keep)
    if outcome.equity is not None:
        outcome = evolve(outcome, returns=returns_on(*daily_returns(outcome.equity)))
    return Made(outcome, fingerprint)


def _fingerprint(engine: Engine, answer: Answer) -> str | None:
    if not has_fingerprint(engine):
        return None
    try:
        return cast("HasFingerprint", engine).fingerprint(answer)
    except ExecutorError:
        # `read` reports that the worker has died.
        return None
