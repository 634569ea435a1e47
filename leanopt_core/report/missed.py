"""Which constraint cost a run how many trials, and why trials have no fitness."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from statistics import median
from typing import Any

from attrs import asdict, define, field, frozen

from leanopt_core.search.failing import alike
from leanopt_core.store.records import StoredRun
from leanopt_core.store.store import Store
from leanopt_core.store.survey import MissedTrial

#: What a fitness function's requirement says, after the scenario's name if there are several.
_REQUIRED = re.compile(r"(?:.+: )?(?P<requirement>.+) needed, found .+")
#: The name of the fitness function's own requirements among the violations.
_OWN = "fitness"


@frozen
class Cost:
    """A constraint, or a requirement of the fitness function, and the trials that it cost.

    `trials` violate it, `alone` violate nothing else, `size` is the median size of the violations.
    `fitness` is the best among those that violate nothing else, of trial `trial` of search
    `search`; all three are None if none of them has a fitness.
    """

    constraint: str
    trials: int
    alone: int
    size: float
    search: int | None
    trial: int | None
    fitness: float | None


@frozen
class SoftCost:
    """A soft constraint and the trials that violate it.

    `penalty` is the median of what it takes off their objective, `largest` the most.
    """

    constraint: str
    trials: int
    penalty: float
    largest: float


@frozen
class Reason:
    """Why `trials` have no fitness, apart from numbers and quoted text; the first is `trial`."""

    reason: str
    trials: int
    search: int
    trial: int


@frozen
class Missed:
    """What kept a run's completed trials from being feasible, or made their fitness worse."""

    constraints: tuple[Cost, ...]
    soft: tuple[SoftCost, ...]
    reasons: tuple[Reason, ...]


@define
class _Cost:
    trials: int = 0
    sizes: list[float] = field(factory=list)
    alone: int = 0
    best: MissedTrial | None = None

    def add(self, trial: MissedTrial, size: float, *, alone: bool, lower: bool) -> None:
        """Count a trial that violates this."""
        self.trials += 1
        self.sizes.append(size)
        self.alone += alone
        if alone and trial.fitness is not None and _better(trial, self.best, lower=lower):
            self.best = trial


def _better(trial: MissedTrial, best: MissedTrial | None, *, lower: bool) -> bool:
    if best is None or best.fitness is None or trial.fitness is None:
        return True
    return trial.fitness < best.fitness if lower else trial.fitness > best.fitness


def missed(store: Store, run: StoredRun, search: int | None = None) -> Missed:
    """Return what the trials of a run, or of one of its searches, were lost to."""
    scoring = json.loads(run.plan)["scoring"]
    texts = scoring["constraints"]
    costs: dict[str, _Cost] = {}
    reasons: dict[str, list[Any]] = {}
    for trial in store.survey.missed(run.id):
        if search not in (None, trial.search):
            continue
        detail = json.loads(trial.detail or "{}")
        if not trial.violation:
            text = "; ".join(detail.get("reasons", ()))
            reasons.setdefault(alike(text), [text, 0, trial.search, trial.trial])[1] += 1
            continue
        causes = dict(_causes(detail, texts))
        lower = run.searches[trial.search - 1].direction == "min"
        for name, size in causes.items():
            cost = costs.setdefault(name, _Cost())
            cost.add(trial, size, alone=len(causes) == 1, lower=lower)
    return Missed(
        tuple(sorted((_cost(name, one) for name, one in costs.items()), key=_most)),
        tuple(_soft(store, run, search)) if "soft" in scoring else (),
        tuple(sorted((Reason(*one) for one in reasons.values()), key=lambda one: -one.trials)),
    )


def _soft(store: Store, run: StoredRun, search: int | None) -> Iterator[SoftCost]:
    """Yield what the soft constraints cost, each over all scenarios, those of most trials first."""
    texts = [one["rule"] for one in json.loads(run.plan)["scoring"]["soft"]]
    amounts: dict[str, list[float]] = {text: [] for text in texts}
    for number, penalties in store.survey.penalties(run.id):
        if search in (None, number):
            sums: dict[str, float] = {}
            for text, amount in json.loads(penalties):
                plain = _plain(text, texts)
                sums[plain] = sums.get(plain, 0.0) + amount
            for text, amount in sums.items():
                amounts.setdefault(text, []).append(amount)
    for text, found in sorted(amounts.items(), key=lambda one: -len(one[1])):
        yield SoftCost(text, len(found), median(found or [0.0]), max(found, default=0.0))


def _plain(text: str, texts: Sequence[str]) -> str:
    """Return which of the constraints a violation is of: one may name its scenario behind it."""
    return next((one for one in texts if text == one or text.startswith(f"{one} [")), text)


def _causes(detail: dict[str, Any], texts: Sequence[str]) -> Iterator[tuple[str, float]]:
    """Yield each constraint that a trial violates, and by how much in its worst scenario."""
    sizes: dict[str, float] = {}
    for text, size in detail.get("violations", ()):
        plain = _plain(text, texts)
        sizes[plain] = max(size, sizes.get(plain, 0.0))
    own = sizes.pop(_OWN, None)
    yield from sizes.items()
    if own is not None:
        found = [_REQUIRED.fullmatch(reason) for reason in detail.get("reasons", ())]
        names = dict.fromkeys(one["requirement"] for one in found if one) or {_OWN: None}
        yield from ((name, own) for name in names)


def _cost(name: str, cost: _Cost) -> Cost:
    best = cost.best
    where = (None, None, None) if best is None else (best.search, best.trial, best.fitness)
    return Cost(name, cost.trials, cost.alone, median(cost.sizes), *where)


def _most(cost: Cost) -> tuple[int, str]:
    return -cost.trials, cost.constraint


def document(run: StoredRun, found: Missed) -> dict[str, Any]:
    """Return the costs as JSON values."""
    return {
        "run": run.name,
        "constraints": _documents(found.constraints),
        "soft": _documents(found.soft),
        "without_fitness": _documents(found.reasons),
    }


def _documents(rows: Iterable[Cost | SoftCost | Reason]) -> list[dict[str, Any]]:
    return [asdict(one) for one in rows]
