"""What came of the chosen trials out of sample: windows, drift, joined curves."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any, Final

import numpy as np

from leanopt_core.api import OpenStore, StoredRun, number, percent
from leanopt_report._equity import Curve, curve_chart
from leanopt_report._model import LARGEST, Section, Table, figure, whole

_WINDOW: Final = ("search", "train", "test", "trials", "chosen", "in sample", "out of sample")
#: Curves of more paths cannot be told apart; tables of more are too long.
_MOST: Final = 6
_EPOCH: Final = date(1970, 1, 1).toordinal()


def paths(store: OpenStore, run: StoredRun, document: Mapping[str, Any]) -> Iterator[Section]:
    """Yield the section of a run's paths, none for a run without."""
    found = document.get("paths", [])
    if not found:
        return
    several = len(found) > 1
    texts = [text for one in found[:_MOST] for text in _said(one, several=several)]
    if len(found) > _MOST:
        texts.append(f"The first {_MOST} of {len(found)} paths are shown; the last table has all.")
    tables = [table for one in found[:_MOST] for table in _tables(one, several=several)]
    if several:
        tables.append(_every(found))
    tables += [_distribution(one) for one in document.get("distributions", [])]
    curves = list(_curves(store, run))
    charts = (curve_chart(curves[:_MOST]),) if curves else ()
    if not curves:
        texts.append("There is no joined curve: no test has daily returns.")
    yield Section("paths", "Out of sample", tuple(texts), tuple(tables), charts)


def _said(path: Mapping[str, Any], *, several: bool) -> Iterator[str]:
    """Yield what a path amounts to."""
    name = f"{path['name']}: " if several else ""
    known, curve = path["efficiency"], path["curve"]
    if known["value"] is None:
        yield f"{name}The efficiency is unknown: {known['why']}."
    else:
        yield (
            f"{name}Efficiency {percent(known['value'])}: the profit per day out of sample, as a "
            "share of that in sample."
        )
    total = curve["return"]
    if total["value"] is None:
        yield f"{name}The joined curve is unknown: {total['why']}."
    else:
        parts = [f"return {percent(total['value'])}"]
        for label, key in (("a year", "annual_return"), ("drawdown", "drawdown")):
            if curve[key]["value"] is not None:
                parts.append(f"{label} {percent(curve[key]['value'])}")
        if curve["sharpe"]["value"] is not None:
            parts.append(f"Sharpe {curve['sharpe']['value']:.2f}")
        days = f"{curve['first_day']} to {curve['last_day']}"
        yield f"{name}Joined out of sample, {days}: {', '.join(parts)}."
    for one in path["windows"]:
        if one["why"] is not None:
            yield f"{name}Search {one['search']}, test {one['test']}: {one['why']}."


def _tables(path: Mapping[str, Any], *, several: bool) -> Iterator[Table]:
    """Yield the windows of a path, and how chosen parameters move between them."""
    windows = path["windows"]
    names = tuple(dict.fromkeys(name for one in windows for name in one["parameters"]))
    rows = tuple(
        (
            *(str(one["search"]), ", ".join(one["train"]), one["test"], f"{one['trials']:,}"),
            *(one["state"] if one["trial"] is None else str(one["trial"]),),
            *(figure(one[name]) for name in ("in_sample", "out_of_sample", "degradation")),
            *(_text(one["parameters"].get(name)) for name in names),
        )
        for one in windows
    )
    title = f"{path['name']}: " if several else ""
    yield Table((*_WINDOW, "worse by", *names), rows, f"{title}Windows")
    moved = tuple(
        (
            *(one["parameter"], f"{one['changes']} of {one['compared']}"),
            *(figure(one["steps"]), whole(one["largest"])),
            None if one["share"] is None else percent(one["share"]),
        )
        for one in path["drift"]
        if one["compared"]
    )
    if moved:
        head = ("parameter", "changed", "mean steps", "largest", "of its range")
        yield Table(head, moved, f"{title}How chosen parameters move")


def _text(value: object) -> str | None:
    return number(value) if isinstance(value, float) else None if value is None else str(value)


def _every(found: list[dict[str, Any]]) -> Table:
    keys = ("return", "annual_return", "drawdown")
    rows = tuple(
        (
            *(one["name"], str(len(one["windows"])), str(len(one["gaps"]))),
            *(_share(one["efficiency"]), *(_share(one["curve"][key]) for key in keys)),
            figure(one["curve"]["sharpe"]["value"]),
        )
        for one in found
    )
    head = ("path", "windows", "gaps", "efficiency", "return", "a year", "drawdown", "Sharpe")
    return Table(head, rows, "All paths")


def _share(known: Mapping[str, Any]) -> str | None:
    return None if known["value"] is None else percent(known["value"])


def _distribution(found: Mapping[str, Any]) -> Table:
    """Return the distribution of what paths over the same days amount to."""
    rows = tuple(
        (
            name.replace("_", " "),
            *(figure(one[key]) for key in ("least", "lower", "median", "upper", "most")),
        )
        for name, one in found.items()
        if isinstance(one, Mapping) and "median" in one
    )
    losses = f"{found['losses']} of {len(found['paths'])} paths lost"
    return Table(("", "least", "lower quartile", "median", "upper quartile", "most"), rows, losses)


def _curves(store: OpenStore, run: StoredRun) -> Iterator[Curve]:
    """Yield the joined curves that have days."""
    for name, curve in store.curves(run).items():
        days = np.array(curve.days, dtype=np.int64) - _EPOCH
        values = np.array(curve.equity, dtype=np.float64)
        if len(days) and (values < LARGEST).all():
            yield Curve(name, days.astype("datetime64[D]"), values, outside=True)
