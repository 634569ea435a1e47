"""How a search went: its trials in order, and what its parameters have to do with fitness."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from leanopt_report._model import Chart, Section, Table, figure, whole
from leanopt_report._subject import Subject
from leanopt_report._trials import KINDS, Bins


def progress(subject: Subject) -> Section:
    """Return the section of the trials in their order, by stage."""
    title = "Trials in order"
    trials = subject.trials
    if not trials.number:
        return Section("progress", title, ("Nothing to draw: no trial has finished.",))
    stages = subject.store.document(subject.run, "stages", search=subject.search.number)["stages"]
    values = {
        "stages": list(trials.stages),
        "kinds": list(KINDS),
        "direction": subject.search.direction,
        "best": subject.search.best,
    }
    caption = (
        "Fitness of each trial by its number, coloured by stage, with the best so far as a line. "
        "Crosses are trials that are not feasible; failed ones lie along the lower edge, and so do "
        "values beyond the scale."
    )
    charts = (Chart("progress", caption, values),)
    ended = [stage.ended for stage in subject.search.stages]
    return Section("progress", title, tuple(_course(subject)), (_stages(stages, ended),), charts)


def _course(subject: Subject) -> Iterator[str]:
    """Yield when the best was found, and why the search ended."""
    best, told = subject.search.best, subject.trials.number
    if best is not None and best in told:
        place = told.index(best) + 1
        after = len(told) - place
        wait = f"{after:,} followed without a better one" if after else "none followed"
        yield f"Trial {best} is the best: number {place:,} of {len(told):,} trials; {wait}."
    ended = subject.search.ended
    if ended == "stages":
        yield "The search ended when its last stage had ended."
    else:
        yield f"The search ended: {ended}." if ended else "The search has not ended."


def _stages(stages: list[dict[str, Any]], ended: list[str | None]) -> Table:
    head = (
        "stage",
        "method",
        "trials",
        "best",
        "trial",
        "found at",
        "after it",
        "gained",
        "ended by",
    )
    rows = tuple(
        (
            *(one["stage"], one["method"], f"{one['trials']:,}", figure(one["fitness"])),
            *(whole(one["trial"]), whole(one["found"]), whole(one["after"])),
            *(figure(one["gained"]), why),
        )
        for one, why in zip(stages, ended, strict=True)
    )
    return Table(head, rows)


def parallel(subject: Subject) -> Section:
    """Return the section of all trials as lines across their parameters."""
    title = "All parameters at once"
    if reason := _no_landscape(subject, 1):
        return Section("parallel", title, (reason,))
    caption = (
        "Each line is a feasible trial; it crosses each axis at its parameter's value, the last at "
        "its fitness. The best tenth stands out. Drag along an axis to keep some; tap it to clear."
    )
    return Section("parallel", title, charts=(Chart("parallel", caption, _landscape(subject)),))


def heat_map(subject: Subject, first: Sequence[str] = ()) -> Section:
    """Return the section of the best fitness by two parameters, which the reader chooses.

    The `first` two are shown at the beginning.
    """
    title = "Two parameters at once"
    if reason := _no_landscape(subject, 2):
        return Section("map", title, (reason,))
    caption = (
        "Best fitness of the feasible trials for each pair of values. A good cell among good "
        "neighbours is worth more than a lone one. Empty: not tried, or nothing feasible."
    )
    names = list(subject.run.space.names)
    pair = [names.index(name) for name in (*first, *names)]
    values = _landscape(subject) | {"pair": list(dict.fromkeys(pair))[:2]}
    return Section("map", title, charts=(Chart("map", caption, values),))


def _no_landscape(subject: Subject, axes: int) -> str | None:
    """Return why there is nothing to draw over the parameters."""
    if len(subject.run.space.axes) < axes:
        return "Nothing to draw: only one parameter is searched."
    if not any(kind == 0 for kind in subject.trials.kind):
        return "Nothing to draw: no trial is feasible."
    return None


def _landscape(subject: Subject) -> dict[str, Any]:
    """Return the axes; the trials are the page's columns."""
    return {
        "axes": [_axis(one) for one in subject.trials.bins],
        "direction": subject.search.direction,
    }


def _axis(bins: Bins) -> dict[str, Any]:
    return {"name": bins.name, "labels": list(bins.labels), "ordered": bins.ordered}
