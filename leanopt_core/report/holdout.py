"""A look at a holdout: which trials, and what they show in sample and out of sample."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from attrs import frozen

from leanopt_core.errors import UsageError
from leanopt_core.report.chosen import chosen_trials
from leanopt_core.report.figures import counted, number
from leanopt_core.report.statistics import main_figures
from leanopt_core.report.subject import Selection, find_search
from leanopt_core.search.holdout import Candidate, HeldOut, HoldoutLook
from leanopt_core.store.store import Store
from leanopt_core.trial import Score


def candidates(
    store: Store, subject: Selection, best: int, search: str | None = None
) -> list[Candidate]:
    """Return the trial that is meant; of a run, its `best` feasible ones by the rule of its plan.

    `search` is the number or the name of the search whose trials count, None for all. Raises
    UsageError if there is none, or the trial has not finished.
    """
    if subject.trial is not None:
        if not subject.trial.told:
            raise UsageError(f"trial {subject.name} has not finished")
        return [Candidate(subject.search, subject.trial)]
    at = None if search is None else find_search(subject.run, search)
    ranked = [
        Candidate(one.search, one.trial, one.rank)
        for one in chosen_trials(store, subject.run, best, search=at)
    ]
    if not ranked:
        raise UsageError(f"run {subject.run.name} has no feasible trial; name one as RUN:TRIAL")
    return ranked


@frozen
class Sample:
    """A trial's backtest in or out of sample: scenario, statistics, the score of the trial there.

    Statistics are None if the backtest failed; `failure` is then its message.
    """

    kind: str
    scenario: str
    score: Score
    statistics: Mapping[str, Any] | None
    failure: str | None = None


def samples(look: HoldoutLook, held: HeldOut) -> Iterator[Sample]:
    """Yield a trial's backtests in sample, then those out of sample."""
    trial = held.candidate.trial
    for scenario in look.run.searches[held.candidate.search - 1].scenarios:
        if (stored := trial.backtests.get(scenario.ordinal)) is not None:
            values = json.loads(stored.statistics) if stored.statistics else None
            yield Sample("in", scenario.name, trial.score or Score(), values, stored.message)
    for one in held.backtests:
        statistics, failure = one.outcome.statistics, one.outcome.failure
        values = None if statistics is None else statistics.values
        message = None if failure is None else failure.message
        yield Sample("out", one.scenario.name, held.score, values, message)


def look_table(look: HoldoutLook) -> tuple[tuple[str, ...], list[tuple[object, ...]]]:
    """Return the columns and the rows of a look: each trial in sample, then out of sample."""
    found = [(held, one) for held in look.trials for one in samples(look, held)]
    figures = [main_figures(one.statistics) for _, one in found]
    names = tuple(dict.fromkeys(name for some in figures for name in some))
    searches = {one.number: one.name for one in look.run.searches}
    rows: list[tuple[object, ...]] = []
    for (held, one), some in zip(found, figures, strict=True):
        candidate, when = held.candidate, _when(held) if one.kind == "out" else ""
        where = (searches[candidate.search], one.kind, one.scenario)
        numbers = (number(one.score.fitness), *(some.get(name) for name in names))
        rows.append((candidate.rank, candidate.trial.number, *where, *numbers, when))
    head = ("rank", "trial", "search", "sample", "scenario", "fitness", *names, "looked at")
    left_out = set() if len(searches) > 1 else {"search"}
    if len({(one.kind, one.scenario) for _, one in found}) <= len(("in", "out")):
        left_out.add("scenario")
    shown = [at for at, name in enumerate(head) if name not in left_out]
    return tuple(head[at] for at in shown), [tuple(row[at] for at in shown) for row in rows]


def _when(held: HeldOut) -> str:
    if held.looked_at is None:
        return "-"
    return "now" if held.new else held.looked_at.partition("T")[0]


def shortfalls(look: HoldoutLook) -> Iterator[str]:
    """Yield why trials have no fitness out of sample, or violate a constraint there."""
    for held in look.trials:
        violated = [f"violates {one.constraint}" for one in held.score.violations]
        # A strategy's error has its traceback below.
        why = [next(iter(one.splitlines()), "") for one in held.score.reasons or violated]
        if why:
            yield f"trial {held.candidate.trial.number} out of sample: {'; '.join(why)}"


def looks_counted(look: HoldoutLook) -> Iterator[str]:
    """Yield how many points of the strategy were looked at, and what that means."""
    new = sum(held.new for held in look.trials)
    points = f"{counted(look.looks, 'point')} of {look.run.strategy}"
    yield f"looks at this holdout: {points}, {new:,} of them now"
    if look.forgotten:
        yield (
            f"and {counted(look.forgotten, 'trial')} of deleted runs, whose points are not known"
        )
    if look.looks + look.forgotten > 1:
        yield "The best of several looks is partly luck again: decide before you look."


def document(look: HoldoutLook) -> dict[str, Any]:
    """Return a look as JSON values."""
    return {
        "run": look.run.name,
        "strategy": look.run.strategy,
        "holdout": look.holdout.to_dict(),
        "looks": look.looks,
        "forgotten": look.forgotten,
        "trials": [_held(look, held) for held in look.trials],
    }


def _held(look: HoldoutLook, held: HeldOut) -> dict[str, Any]:
    candidate = held.candidate
    both = list(samples(look, held))
    return {
        "rank": candidate.rank,
        "search": candidate.search,
        "trial": candidate.trial.number,
        "parameters": json.loads(candidate.trial.parameters),
        "looked_at": held.looked_at,
        "new": held.new,
        **{
            name: _sample([one for one in both if one.kind == kind])
            for name, kind in (("in_sample", "in"), ("out_of_sample", "out"))
        },
    }


def _sample(some: list[Sample]) -> dict[str, Any]:
    score = some[0].score if some else Score()
    return {
        "fitness": score.fitness,
        "violation": score.violation,
        "reasons": list(score.reasons),
        "backtests": [
            {"scenario": one.scenario, "statistics": one.statistics, "failure": one.failure}
            for one in some
        ],
    }
