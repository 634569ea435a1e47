"""A verification: which trials are verified, what its result warns of, and the result as JSON."""

from __future__ import annotations

from collections.abc import Iterator
from random import SystemRandom
from typing import Any

from leanopt_core.needs import NEEDS
from leanopt_core.report.chosen import chosen_trials, rule_of
from leanopt_core.report.subject import find_trial
from leanopt_core.search.verification import Cause, Compared, Verification
from leanopt_core.search.verify import Stored
from leanopt_core.store.records import StoredRun, StoredTrial
from leanopt_core.store.store import Store


def trials_to_verify(
    store: Store, run: StoredRun, *, best: int | None, sample: int | None
) -> Iterator[Stored]:
    """Yield trials with all that is stored of their outcomes.

    These are the completed ones of the `best` by the rule of the run's plan, else `sample` told
    ones, drawn at random, else all told ones.
    """
    for search, trial in _told(store, run, best=best, sample=sample):
        yield Stored(search, trial, store.reader.outcomes(trial, frozenset(NEEDS)))


def _told(
    store: Store, run: StoredRun, *, best: int | None, sample: int | None
) -> Iterator[tuple[int, StoredTrial]]:
    reader = store.reader
    if best is not None:
        by_fitness = rule_of(run).use == "best"
        ranked = reader.ranked(run, best) if by_fitness else chosen_trials(store, run, best)
        yield from ((one.search, one.trial) for one in ranked if one.trial.failure is None)
    elif sample is not None:
        told = [(one.number, told.number) for one in run.searches for told in reader.told(one.id)]
        # Others each time: that proves more than the same ones again.
        for search, number in sorted(SystemRandom().sample(told, min(sample, len(told)))):
            yield search, find_trial(store, run, search, number)
    else:
        for one in run.searches:
            yield from ((one.number, trial) for trial in reader.trials(one.id) if trial.told)


_SAYS = {
    Cause.RANDOM: "it differs also from itself, each time on a worker that had run nothing: the "
    "strategy is not deterministic (it reads the clock, draws unseeded random numbers, or depends "
    "on something else outside)",
    Cause.ORDER: "a worker that had run nothing gives the stored result: it depends on what its "
    "worker ran before",
}


def warnings(said: Verification) -> Iterator[str]:
    """Yield what has changed since the run, and why backtests differ, as far as that is known."""
    for what in said.changed:
        yield f"{what} since run {said.run}"
    if not said.repeated:
        yield (
            f"harness {said.harness!r} itself no longer gives the stored statistics: the "
            "strategy, data or engine has changed, or backtests depend on something else"
        )
    for one in said.compared:
        if one.cause in _SAYS:
            yield f"{place(one)}: {_SAYS[one.cause]}"
    repeatable = any(one.cause is Cause.OTHER for one in said.compared)
    if said.against is None and repeatable and not said.changed:
        yield (
            "workers that had run nothing repeat the new results, and nothing that leanopt checks "
            "has changed: the stored results come from workers that had run others, or depend on "
            "something that leanopt does not see"
        )


def place(one: Compared) -> str:
    """Return which backtest this is, in words."""
    ref = one.stored.ref
    return f"trial {ref.number}, scenario {ref.scenario}"


def document(said: Verification) -> dict[str, Any]:
    """Return the verification as plain JSON values."""
    return {
        "run": said.run,
        "harness": said.harness,
        "against": said.against,
        "tolerance": said.tolerance,
        "equal": not said.different,
        "deterministic": said.deterministic,
        "warnings": list(warnings(said)),
        "backtests": [_compared(one) for one in said.compared],
    }


def _compared(one: Compared) -> dict[str, Any]:
    ref, failure = one.stored.ref, one.other.outcome.failure
    return {
        "search": ref.search,
        "trial": ref.number,
        "scenario": ref.scenario,
        "result": one.result,
        "cause": one.cause and str(one.cause),
        "differences": [
            {"statistic": name, "stored": stored, "again": again}
            for name, (stored, again) in one.differences.items()
        ],
        "failure": failure and {"category": str(failure.category), "message": failure.message},
        "fingerprints": {
            "run": one.before.fingerprint,
            "against": one.other.fingerprint,
        },
    }
