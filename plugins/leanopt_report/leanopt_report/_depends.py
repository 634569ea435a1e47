"""What the fitness of a search depends on, and the plateau around its best trial."""

from __future__ import annotations

from collections.abc import Iterator

from leanopt_evidence import Importances, Sensitivity, sensitivity_of

from leanopt_core.api import percent
from leanopt_report._model import Chart, Section, Table, figure
from leanopt_report._subject import Subject


def sensitive(subject: Subject) -> Sensitivity:
    """Return what the fitness of a search depends on."""
    return sensitivity_of(subject.store, subject.run, search=subject.search.number)


def leading(found: Sensitivity) -> list[str]:
    """Return the two parameters that matter most, fewer if that is unknown."""
    return [one.parameter for one in found.fitness.parameters[:2]]


def importance(found: Sensitivity) -> Section:
    """Return the section of the parameters that matter."""
    counts = found.counts
    texts = []
    if counts.equal:
        texts.append(
            f"{counts.equal:,} of {counts.feasible:,} feasible trials share their fitness with "
            f"another one, and {counts.equal_to_best:,} others have the best fitness."
        )
    nothing = [one.parameter for one in found.effects if one.changes_nothing]
    if nothing:
        texts.append(f"Changed alone, {', '.join(nothing)} never made a difference.")
    texts += list(_said(found.fitness)) + list(_said(found.feasibility))
    charts = tuple(chart for one in (found.fitness, found.feasibility) for chart in _chart(one))
    head = ("parameter", "points compared", "equal results", "changes nothing")
    words = {True: "yes", False: "no", None: None}
    rows = tuple(
        (one.parameter, f"{one.compared:,}", f"{one.equal:,}", words[one.changes_nothing])
        for one in found.effects
    )
    return Section(
        "importance", "Which parameters matter", tuple(texts), (Table(head, rows),), charts
    )


def _said(found: Importances) -> Iterator[str]:
    if found.reason is not None:
        yield f"What decides the {found.target} is unknown: {found.reason}."
    elif found.explained is not None:
        yield (
            f"A forest fitted to {found.trials:,} trials explains {percent(found.explained)} of "
            f"the {found.target} of others."
        )


def _chart(found: Importances) -> Iterator[Chart]:
    if not found.parameters:
        return
    shares = [100 * one.share for one in found.parameters]
    marks = [] if found.chance is None else [100 * found.chance]
    yield Chart(
        "bars",
        f"How much of the {found.target} goes with each parameter. Left of the line it may be "
        "chance: a shuffled target has as much.",
        {
            "labels": [one.parameter for one in found.parameters],
            "values": shares,
            "x": f"% of the variance of the {found.target}",
            "marks": marks,
        },
    )


def plateau(found: Sensitivity) -> Section:
    """Return the section of the best trial's neighbours."""
    title = "The plateau around the best trial"
    best = found.best
    if best is None:
        return Section("plateau", title, (f"There is none: {found.no_best}.",))
    near = best.neighbours
    tried = f"Of its {best.possible:,} neighbours, one step along one parameter, {len(near):,} were"
    texts = [f"Trial {best.trial} has fitness {figure(best.fitness)}. {tried} tried."]
    for name, one in (("median", best.median), ("worst", best.worst)):
        if one.value is not None:
            texts.append(f"The {name} of it and its neighbours: {figure(one.value)}.")
    if best.median.value is None:
        texts.append(f"There is no plateau: {best.median.reason}.")
    if best.cliffs:
        texts.append(
            f"{len(best.cliffs):,} of them are cliffs: a step costs half the lead or more."
        )
    head = ("parameter", "value", "trial", "state", "fitness", "cost of the lead", "cliff")
    rows = tuple(
        (
            *(one.parameter, one.value, str(one.trial), one.state, figure(one.fitness)),
            *(None if one.loss is None else percent(one.loss), "cliff" if one.cliff else "no"),
        )
        for one in near
    )
    return Section("plateau", title, tuple(texts), (Table(head, rows),) if rows else ())
