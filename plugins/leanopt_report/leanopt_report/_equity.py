"""The equity of chosen trials, with the drawdown."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from attrs import frozen

from leanopt_core.api import UsageError, percent
from leanopt_report._model import LARGEST, Chart, Section, Table
from leanopt_report._subject import Subject

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

#: More curves than these cannot be told apart.
MOST: Final = 8
GET_CURVES: Final = (
    'Daily returns are stored with `curves = "daily"` below `[search]`, if the backtests give '
    "equity curves (a Python strategy returns `equity`). Then run again: leanopt run --again"
)


@frozen
class Curve:
    """Equity by day, starting from 1; `outside` is true for days that no search has seen."""

    name: str
    days: NDArray[np.datetime64]
    values: NDArray[np.float64]
    outside: bool = False

    @property
    def drawdown(self) -> float:
        """Return the largest loss from a high, as a fraction."""
        import numpy as np

        highs = np.maximum.accumulate(np.append(1.0, self.values))
        return float(np.max(1 - np.append(1.0, self.values) / highs))


def equity(subject: Subject) -> Section:
    """Return the section of the chosen trial's equity, a curve for each scenario."""
    title = "Equity and drawdown"
    if subject.chosen is None:
        return Section("equity", title, ("There is no equity curve: no trial has finished.",))
    curves, missing = curves_of(subject, subject.chosen)
    intro = f"Trial {subject.chosen}, on the days that the search has seen (in sample)."
    return curve_section("equity", title, intro, curves, missing)


def curves_of(subject: Subject, trial: int) -> tuple[list[Curve], dict[str, str]]:
    """Return the equity of a trial under each scenario, and why it is missing under others."""
    curves: list[Curve] = []
    missing: dict[str, str] = {}
    for scenario in subject.search.scenarios:
        try:
            found = subject.store.equity(
                subject.run, trial, search=subject.search.number, scenario=scenario.name
            )
        except UsageError as error:
            missing[scenario.name] = str(error).rpartition(f"run {subject.run.name}: ")[2]
            continue
        if not len(found.days):
            missing[scenario.name] = "its equity has no day"
        elif (found.values < LARGEST).all():
            curves.append(Curve(scenario.name, found.days, found.values))
        else:
            missing[scenario.name] = "its equity is too large"
    return curves, missing


def curve_section(
    name: str, title: str, intro: str, curves: Sequence[Curve], missing: Mapping[str, str]
) -> Section:
    """Return a section with these curves, and why others are missing."""
    texts = [intro] if curves else []
    texts += [f"No curve of {one}: {reason}." for one, reason in list(missing.items())[:MOST]]
    if any("search.curves" in reason for reason in missing.values()):
        texts.append(GET_CURVES)
    if not curves:
        return Section(name, title, tuple(texts))
    if len(curves) > MOST:
        texts.append(f"The chart has the first {MOST} of {len(curves)} curves, the table all.")
    shown = tuple(curves[:MOST])
    return Section(name, title, tuple(texts), (_table(curves),), (curve_chart(shown),))


def curve_chart(curves: Sequence[Curve]) -> Chart:
    """Return the chart of equity above drawdown."""
    columns: dict[str, array[Any]] = {}
    for place, one in enumerate(curves):
        columns[f"days{place}"] = array("i", one.days.astype("datetime64[D]").astype(int).tolist())
        columns[f"values{place}"] = array("f", one.values.tolist())
    named = [{"name": one.name, "outside": one.outside} for one in curves]
    return Chart("equity", _caption(curves), {"curves": named}, columns)


def _caption(curves: Iterable[Curve]) -> str:
    parts = [f"{one.name}: from 1 to {one.values[-1]:.3g}" for one in curves]
    return f"Equity by day from 1, and the loss from the last high below. {'; '.join(parts)}."


def _table(curves: Iterable[Curve]) -> Table:
    rows = tuple(
        (
            one.name,
            "out of sample" if one.outside else "in sample",
            str(one.days[0]),
            str(one.days[-1]),
            percent(float(one.values[-1]) - 1),
            percent(one.drawdown),
        )
        for one in curves
    )
    return Table(("curve", "days", "first", "last", "gained", "largest drawdown"), rows)
