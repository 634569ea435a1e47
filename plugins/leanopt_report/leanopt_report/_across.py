"""All searches of a run together, as of several symbols."""

from __future__ import annotations

from collections.abc import Sequence

from leanopt_core.api import OpenStore, StoredRun, main_figures, number
from leanopt_report._equity import Curve, curve_section, curves_of
from leanopt_report._model import Chart, Page, Section, Table
from leanopt_report._subject import Subject
from leanopt_report._timing import timing


def across(
    store: OpenStore, run: StoredRun, subjects: Sequence[Subject], judged: Sequence[Section]
) -> Page:
    """Return the page of all searches of a run; `judged` is what plugins say of it."""
    sections = (
        _searches(store, run, subjects),
        *judged,
        _equity(subjects),
        timing(run, run.searches, [one.trials.backtests for one in subjects]),
    )
    return Page("all", "All searches", sections)


def _searches(store: OpenStore, run: StoredRun, subjects: Sequence[Subject]) -> Section:
    rows, figures = [], []
    for one in store.document(run)["searches"]:
        best = next(iter(subjects[one["search"] - 1].document["best"]), None)
        figures.append({} if best is None else main_figures(best["statistics"]))
        fitness = None if one["fitness"] is None else number(one["fitness"])
        rows.append(
            (
                *(one["name"], f"{one['completed'] + one['failed']:,}", f"{one['failed']:,}"),
                *(None if one["best"] is None else str(one["best"]), fitness),
                one["ended"] or "not ended",
            )
        )
    names = tuple(dict.fromkeys(name for one in figures for name in one))
    both = tuple(
        (*row, *(one.get(name) for name in names)) for row, one in zip(rows, figures, strict=True)
    )
    head = ("search", "trials", "failed", "best trial", "fitness", "ended by", *names)
    charts = tuple(_fitness(subjects))
    texts = () if charts else ("No search has a feasible trial.",)
    return Section("searches", "Searches", texts, (Table(head, both),), charts)


def _fitness(subjects: Sequence[Subject]) -> list[Chart]:
    found = [
        (one.search.name, best["fitness"])
        for one in subjects
        for best in one.document["best"][:1]
        if best["fitness"] is not None and not best["violation"]
    ]
    if not found:
        return []
    values = {"labels": [name for name, _ in found], "values": [value for _, value in found]}
    return [Chart("bars", "Fitness of the best trial of each search.", {**values, "x": "fitness"})]


def _equity(subjects: Sequence[Subject]) -> Section:
    curves: list[Curve] = []
    missing: dict[str, str] = {}
    for one in subjects:
        if one.chosen is None:
            missing[one.search.name] = "no trial has finished"
            continue
        found, without = curves_of(one, one.chosen)
        several = len(one.search.scenarios) > 1
        for curve in found:
            name = f"{one.search.name}: {curve.name}" if several else one.search.name
            curves.append(Curve(name, curve.days, curve.values))
        missing |= {f"{one.search.name}: {name}": why for name, why in without.items()}
    intro = "The chosen trial of each search, on the days that the search has seen (in sample)."
    return curve_section("equity", "Equity and drawdown", intro, curves, missing)
