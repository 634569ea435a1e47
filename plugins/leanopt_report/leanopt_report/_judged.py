"""How much of the best results may be luck: the verdict, its figures, and how selection fared."""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Mapping
from math import isfinite, sqrt
from typing import Any, Final

from attrs import evolve
from leanopt_evidence import Evidence, SearchEvidence, section_of

from leanopt_core.api import percent
from leanopt_report._model import Chart, Section, Verdict
from leanopt_report._plugins import section

#: What a level of the evidence looks like.
TONES: Final[Mapping[str, str]] = {
    "unknown": "unknown",
    "luck": "bad",
    "unclear": "doubtful",
    "some": "good",
    "strong": "good",
}
_BARS: Final = 40
#: So many halves are drawn.
_DOTS: Final = 1500


def verdict(document: Mapping[str, Any], found: Evidence) -> Verdict:
    """Return the verdict on a run, with its reasons and the warnings of `leanopt show`."""
    trials, warnings = document["trials"], tuple(document["warnings"])
    if not trials["completed"] + trials["failed"]:
        return Verdict("unknown", "There is nothing to judge yet: no trial has finished.", warnings)
    if not trials["feasible"]:
        return Verdict("bad", "There is no result: no trial is feasible.", warnings)
    judged = found.verdict
    missing = () if found.missing is None else (found.missing,)
    warned = tuple(f"Warning: {one}" for one in warnings)
    return Verdict(TONES[judged.level], judged.text, (*missing, *judged.reasons, *warned))


def luck(found: Evidence, place: int | None = None) -> Section:
    """Return the section of a run, or of its search at a place."""
    if place is not None:
        one, said = found.searches[place], found.verdicts[place]
        found = evolve(found, searches=(one,), verdicts=(said,), paths=(), verdict=said)
    charts = tuple(_charts(found.searches[0])) if len(found.searches) == 1 else ()
    return evolve(section("luck", section_of(found)), charts=charts)


def _charts(found: SearchEvidence) -> Iterator[Chart]:
    """Yield the charts of the Probability of Backtest Overfitting, none without a value."""
    over = found.overfitting
    if over.logits is None or over.inside is None or over.outside is None:
        return
    logits = over.logits.tolist()
    yield _histogram(logits, over.probability.value or 0.0)
    root = sqrt(found.returns.periods)
    pairs = zip(over.inside.tolist(), over.outside.tolist(), strict=True)
    known = [(x * root, y * root) for x, y in pairs if isfinite(x) and isfinite(y)]
    kept = known[:: -(-len(known) // _DOTS) or 1]
    slope, intercept = over.slope.value, over.intercept.value
    line = None if slope is None or intercept is None else [intercept * root, slope]
    loss = "" if over.loss.value is None else f" It lost in {percent(over.loss.value)} of them."
    yield Chart(
        "scatter",
        "Sharpe ratio a year of the best trial of one half of the days, in that half (across) and "
        f"in the other (up), with the line of degradation.{loss}",
        {"x": "Sharpe where it was chosen", "y": "Sharpe in the other half", "line": line},
        {"x": array("f", [x for x, _ in kept]), "y": array("f", [y for _, y in kept])},
    )


def _histogram(logits: list[float], probability: float) -> Chart:
    low, high = min(logits), max(logits)
    wide = (high - low) / _BARS or 1.0
    counts = array("i", [0] * _BARS)
    for one in logits:
        counts[min(_BARS - 1, int((one - low) / wide))] += 1
    edges = array("f", [low + wide * place for place in range(_BARS + 1)])
    caption = (
        "Where the best of one half of the days ranks in the other half, over all halves (logit of "
        f"its rank). {percent(probability)} are at or left of the line, below the median: that is "
        "the Probability of Backtest Overfitting."
    )
    values = {"x": "logit of the rank in the other half", "y": "halves", "marks": [0.0]}
    return Chart("histogram", caption, values, {"edges": edges, "counts": counts})
