"""How long backtests took, and how busy the workers were."""

from __future__ import annotations

import json
from array import array
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Final

import numpy as np
from attrs import frozen
from numpy.typing import NDArray

from leanopt_core.api import StoredRun, StoredSearch, counted, duration, number, percent
from leanopt_report._model import Chart, Section
from leanopt_report._trials import Backtests

#: Ends are stored in whole seconds: shorter runs have too few to draw.
_SHORTEST: Final = 20
_BINS: Final = 60
_BARS: Final = 40


@frozen
class _Made:
    """The backtests that a run made for some of its searches, as arrays."""

    seconds: NDArray[np.float64]
    finished: NDArray[np.float64]
    waited: NDArray[np.float64]
    cached: int
    retried: int

    @classmethod
    def of(cls, several: Sequence[Backtests]) -> _Made:
        """Join the backtests of several searches."""
        return cls(
            np.array([value for one in several for value in one.seconds], dtype=np.float64),
            np.array([value for one in several for value in one.finished], dtype=np.float64),
            np.array([value for one in several for value in one.waited], dtype=np.float64),
            sum(one.cached for one in several),
            sum(one.retried for one in several),
        )


def timing(
    run: StoredRun, searches: Sequence[StoredSearch], several: Sequence[Backtests]
) -> Section:
    """Return the section of times and use of workers, of the whole run or a search of it."""
    made = _Made.of(several)
    title = "Time and workers"
    if not len(made.seconds):
        cached = f": {made.cached:,} came from the cache" if made.cached else ""
        return Section("timing", title, (f"This run made no backtest{cached}.",))
    workers = json.loads(run.execution)["workers"]
    whole = len(searches) == len(run.searches)
    texts, charts = list(_said(made)), [_histogram(made)]
    if whole:
        span = _span(made, searches)
        texts.append(_busy(made, workers, span))
        busy = _busy_chart(made, workers)
        charts += [] if busy is None else [busy]
    else:
        texts.append(
            "Searches share the workers: the page of all searches shows how busy they were."
        )
    return Section("timing", title, tuple(texts), charts=tuple(charts))


def _said(made: _Made) -> Iterator[str]:
    low, middle, high = np.quantile(made.seconds, (0.05, 0.5, 0.95))
    yield (
        f"{counted(len(made.seconds), 'backtest')} ran and {made.cached:,} came from the cache. "
        f"Half of them took less than {_seconds(middle)}, nine of ten between {_seconds(low)} and "
        f"{_seconds(high)}."
    )
    if made.retried:
        yield f"{counted(made.retried, 'backtest')} needed more than one attempt."
    if len(made.waited):
        waited = _seconds(float(np.median(made.waited)))
        yield f"In the median a backtest waited {waited} for a worker."


def _seconds(value: float) -> str:
    return f"{number(float(f'{value:.3g}'))} s" if value < 60 else duration(value)  # noqa: PLR2004


def _span(made: _Made, searches: Sequence[StoredSearch]) -> float:
    """Return how long the run ran: by its stages if they ran one after the other."""
    if len(searches) == 1 and (stages := sum(one.seconds for one in searches[0].stages)):
        return stages
    return max(1.0, float(made.finished.max() - (made.finished - made.seconds).min()))


def _busy(made: _Made, workers: int, span: float) -> str:
    total = float(made.seconds.sum())
    share = percent(min(1.0, total / (workers * span)))
    return (
        f"{_seconds(total)} of backtests within {_seconds(span)} on {counted(workers, 'worker')}: "
        f"they were busy {share} of the time."
    )


def _histogram(made: _Made) -> Chart:
    high = float(np.quantile(made.seconds, 0.995))
    counts, edges = np.histogram(np.minimum(made.seconds, high), bins=_BARS)
    caption = (
        "Backtests by their run time. The last bar has all longer ones."
        if made.seconds.max() > high
        else "Backtests by their run time."
    )
    values = {"x": "seconds of a backtest", "y": "backtests"}
    columns = {"edges": array("f", edges.tolist()), "counts": array("i", counts.tolist())}
    return Chart("histogram", caption, values, columns)


def _busy_chart(made: _Made, workers: int) -> Chart | None:
    """Return the share of workers that were busy over time, None for a short run."""
    starts, ends = made.finished - made.seconds, made.finished
    first, last = float(starts.min()), float(ends.max())
    if last - first < _SHORTEST:
        return None
    edges = np.linspace(first, last, _BINS + 1)
    overlap = [
        float(np.sum(np.clip(ends, low, high) - np.clip(starts, low, high)) / (high - low))
        for low, high in pairwise(edges)
    ]
    shares = [min(1.0, one / workers) for one in overlap]
    columns = {
        "edges": array("f", [(edge - first) / 60 for edge in edges.tolist()]),
        "counts": array("f", [100 * one for one in shares]),
    }
    values = {"x": "minutes since the first backtest began", "y": "% of workers busy"}
    return Chart(
        "histogram", "How many of the workers were busy. Gaps are pauses.", values, columns
    )
