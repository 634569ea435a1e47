"""What the fitness depends on, as a section of `leanopt show --evidence`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from attrs import asdict

from leanopt_core.api import SectionRow, SectionTable, ShowSection
from leanopt_evidence._sensitivity import Sensitivity
from leanopt_evidence._stored_sensitivity import sensitivity_of
from leanopt_evidence._words import figure, percent, plural

if TYPE_CHECKING:
    from leanopt_core.api import OpenStore, StoredRun
    from leanopt_evidence._around import Around, Neighbour
    from leanopt_evidence._importance import Importances
    from leanopt_evidence._inputs import Estimate

_TITLE: Final = "What it depends on"
_HEAD: Final = ("parameter", "fitness", "feasibility", "compared", "equal results")
_CLIFFS: Final = ("parameter", "value", "trial", "fitness", "loses")


def make(store: OpenStore, run: StoredRun, search: int | None) -> ShowSection:
    """Return the section of one search; of several, how to choose one."""
    several = len(run.searches)
    if search is None and several != 1:
        why = f"the run has {several:,} searches: choose one with --search"
        text = f"T{why[1:]}, as each takes some seconds."
        return ShowSection(_TITLE, (text,), (), (), {"sensitivity": None, "reason": why})
    number = run.searches[0].number if search is None else search
    found = sensitivity_of(store, run, search=number)
    tables = [SectionTable("Importance", _HEAD, tuple(_parameters(found)))]
    if cliffs := found.best.cliffs if found.best else ():
        rows = tuple((one.parameter, one.value, one.trial, *_lost(one)) for one in cliffs)
        tables.append(SectionTable("Cliffs beside the best trial", _CLIFFS, rows))
    document = {"search": number, "sensitivity": asdict(found)}
    return ShowSection(_TITLE, tuple(_text(found)), tuple(_rows(found)), tuple(tables), document)


def _text(found: Sensitivity) -> Iterator[str]:
    yield _fitness(found.fitness)
    if deciding := _beyond(found.feasibility):
        yield f"Whether a trial is feasible depends on {deciding}."
    if nothing := [one for one in found.effects if one.changes_nothing]:
        each = (f"{one.parameter} ({one.compared:,} comparisons)" for one in nothing)
        yield f"Changed nothing wherever trials differ in it alone: {', '.join(each)}."
    if found.best is None:
        yield f"There is no best trial: {found.no_best}."
        return
    best = found.best
    if best.cliffs:
        steps = ", ".join(f"{one.parameter} = {one.value}" for one in best.cliffs)
        yield f"One step away from trial {best.trial} is a cliff: {steps}."
    if others := found.counts.equal_to_best:
        yield f"{plural(others, 'other trial')} with the same fitness as the best one."


def _fitness(found: Importances) -> str:
    if found.reason is not None:
        return f"What decides the fitness is unknown: {found.reason}."
    if not (deciding := _beyond(found)):
        return "No parameter decides the fitness beyond chance."
    rest = ", ".join(one.parameter for one in found.parameters if not one.beyond_chance)
    return f"The fitness depends on {deciding}.{f' Not beyond chance: {rest}.' if rest else ''}"


def _beyond(found: Importances) -> str:
    """Return the parameters that matter with their shares; empty if none does."""
    shares = (
        f"{one.parameter} ({percent(one.share)})" for one in found.parameters if one.beyond_chance
    )
    return ", ".join(shares)


def _rows(found: Sensitivity) -> Iterator[SectionRow]:
    counts = found.counts
    kinds = {
        "infeasible": counts.infeasible,
        "failed": counts.failed,
        "pruned, left out": counts.pruned,
        "share their fitness with another": counts.equal,
    }
    note = ", ".join(f"{count:,} {kind}" for kind, count in kinds.items() if count)
    yield SectionRow("feasible trials", f"{counts.feasible:,} of {counts.trials:,}", note)
    for deciding in (found.fitness, found.feasibility):
        yield _explained(deciding)
    if found.best is not None:
        yield from _around(found.best)


def _explained(found: Importances) -> SectionRow:
    label = f"{found.target} explained"
    if found.explained is None or found.chance is None:
        return SectionRow(label, None, str(found.reason))
    note = (
        f"by a forest of {found.trials:,} trials; chance shows shares up to {percent(found.chance)}"
    )
    return SectionRow(label, percent(max(found.explained, 0.0)), note)


def _around(best: Around) -> Iterator[SectionRow]:
    yield SectionRow("best fitness", figure(best.fitness), f"trial {best.trial}")
    told, note = len(best.neighbours), "one step along one ordered parameter"
    yield SectionRow("its told neighbours", f"{told:,} of {best.possible:,}", note)
    yield _estimate("median of it and them", best.median)
    yield _estimate("worst of it and them", best.worst)


def _estimate(label: str, found: Estimate) -> SectionRow:
    if found.value is None:
        return SectionRow(label, None, str(found.reason))
    return SectionRow(label, figure(found.value))


def _parameters(found: Sensitivity) -> Iterator[tuple[str | int | None, ...]]:
    """Yield a row for each parameter, the most important first."""
    fitness, feasibility = (_shares(one) for one in (found.fitness, found.feasibility))
    effects = {one.parameter: one for one in found.effects}
    for name in dict.fromkeys([*fitness, *feasibility, *effects]):
        compared, equal = effects[name].compared, effects[name].equal
        yield (name, fitness.get(name), feasibility.get(name), compared, equal)


def _shares(found: Importances) -> dict[str, str]:
    return {
        one.parameter: percent(one.share) if one.beyond_chance else "chance"
        for one in found.parameters
    }


def _lost(cliff: Neighbour) -> tuple[str | None, str]:
    if cliff.fitness is None or cliff.loss is None:
        return None, cliff.state
    return figure(cliff.fitness), f"{percent(cliff.loss)} of its lead"
