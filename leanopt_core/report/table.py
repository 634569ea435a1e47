"""A run's trials as CSV: one row a trial, one column for each parameter and statistic."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from leanopt_core.pipeline.toml import printable
from leanopt_core.store.reader import Reader
from leanopt_core.store.records import StoredRun, StoredSearch, StoredTrial

_OWN: Final = ("search", "trial", "stage", "state", "origin", "fitness", "violation", "failure")


def csv_lines(reader: Reader, run: StoredRun) -> Iterator[str]:
    """Yield a head and a line for each trial, without line ends.

    Parameters are `parameters.NAME`, further values of the fitness function `values.NAME`,
    statistics `statistics.NAME`, of several scenarios `statistics.SCENARIO.NAME`. What is unknown
    is empty, control characters are escaped. The trials are read twice: columns must be known
    first.
    """
    names: dict[str, None] = dict.fromkeys(_OWN)
    for row in _rows(reader, run):
        names.update(dict.fromkeys(row))
    ordered = [*_OWN, *sorted(set(names) - set(_OWN), key=_place)]
    yield _line(ordered)
    for row in _rows(reader, run):
        yield _line(row.get(name) for name in ordered)


def _place(name: str) -> tuple[int, str]:
    """Sort parameters first, then values, then statistics."""
    return (("parameters", "values", "statistics").index(name.partition(".")[0]), name)


def _rows(reader: Reader, run: StoredRun) -> Iterator[Mapping[str, Any]]:
    for search in run.searches:
        for trial in reader.trials(search.id):
            yield _row(search, trial)


def _row(search: StoredSearch, trial: StoredTrial) -> dict[str, Any]:
    own = (search.number, trial.number, trial.stage, trial.state, trial.origin)
    row = dict(zip(_OWN, (*own, trial.fitness, trial.violation, trial.failure), strict=True))
    row |= {f"parameters.{k}": v for k, v in _exact(trial.parameters).items()}
    row |= {f"values.{k}": v for k, v in json.loads(trial.detail or "{}").get("values", {}).items()}
    for scenario in search.scenarios:
        found = trial.backtests.get(scenario.ordinal)
        before = f"statistics.{scenario.name}." if len(search.scenarios) > 1 else "statistics."
        statistics = _exact(found.statistics) if found and found.statistics else {}
        row |= {f"{before}{name}": value for name, value in statistics.items()}
    return row


def _exact(text: str) -> dict[str, Any]:
    """Return a JSON object with its numbers as they are written."""
    return dict(json.loads(text, parse_float=str))


def _line(values: Iterable[object]) -> str:
    buffer = io.StringIO()
    shown = (printable(one) if isinstance(one, str) else one for one in values)
    csv.writer(buffer, lineterminator="").writerow(shown)
    return buffer.getvalue()
