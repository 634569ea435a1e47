"""Tables of trials: a run's best trials for people, all of them as CSV."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from attrs import frozen

from leanopt_core.pipeline.toml import printable
from leanopt_core.report.figures import main_figures, number, values_shown
from leanopt_core.report.run import Report
from leanopt_core.store.reader import Reader
from leanopt_core.store.records import RankedTrial, StoredRun, StoredSearch, StoredTrial


@frozen
class BestTable:
    """Column names, a row of text per trial, and the fixed parameters.

    The first `searched` columns are rank, score and parameters; the others are statistics. An
    unknown value is None.
    """

    head: tuple[str, ...]
    searched: int
    rows: tuple[tuple[str | None, ...], ...]
    fixed: Mapping[str, str]


def best_table(report: Report) -> BestTable:
    """Return the table of a report's best trials; there must be at least one."""
    fixed = _fixed(report)
    searched = [_searched(report, ranked, fixed) for ranked in report.best]
    figures = [main_figures(_statistics(ranked.trial)) for ranked in report.best]
    # A strategy may have a parameter and a statistic of the same name.
    heads = [
        list(dict.fromkeys(name for one in part for name in one)) for part in (searched, figures)
    ]
    rows = tuple(
        tuple(part.get(name) for part, names in zip(both, heads, strict=True) for name in names)
        for both in zip(searched, figures, strict=True)
    )
    return BestTable((*heads[0], *heads[1]), len(heads[0]), rows, values_shown(fixed))


def _fixed(report: Report) -> Mapping[str, Any]:
    names = json.loads(report.run.plan)["space"].get("fixed", {})
    values = json.loads(report.best[0].trial.parameters)
    return {name: values[name] for name in names if name in values}


def _searched(report: Report, ranked: RankedTrial, fixed: Mapping[str, Any]) -> dict[str, str]:
    """Return a trial's rank, score and searched parameters by column name."""
    trial, several = ranked.trial, len(report.run.searches) > 1
    values = json.loads(trial.parameters, parse_float=str)
    searched = {name: value for name, value in values.items() if name not in fixed}
    violated = any(one.trial.violation for one in report.best)
    return {
        "rank": str(ranked.rank),
        "trial": str(trial.number),
        **({"search": _search_name(report, ranked)} if several else {}),
        "stage": trial.stage,
        "fitness": number(trial.fitness),
        **({"violation": number(trial.violation)} if violated else {}),
        **values_shown(searched),
    }


def _statistics(trial: StoredTrial) -> Mapping[str, Any] | None:
    first = trial.backtests.get(0)
    return json.loads(first.statistics) if first and first.statistics else None


def _search_name(report: Report, ranked: RankedTrial) -> str:
    return next(s.name for s in report.run.searches if s.number == ranked.search)


_OWN: Final = ("search", "trial", "stage", "state", "origin", "fitness", "violation", "failure")


def csv_lines(reader: Reader, run: StoredRun) -> Iterator[str]:
    """Yield a header and a line for each trial, without line ends.

    Columns are `parameters.NAME`, `values.NAME` (further values of the fitness function) and
    `statistics.NAME`, with several scenarios `statistics.SCENARIO.NAME`. Unknown values are empty,
    control characters are escaped. The trials are read twice: the columns must be known first.
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
    row |= {f"values.{k}": v for k, v in trial.details.get("values", {}).items()}
    for scenario in search.scenarios:
        found = trial.backtests.get(scenario.ordinal)
        before = f"statistics.{scenario.name}." if len(search.scenarios) > 1 else "statistics."
        statistics = _exact(found.statistics) if found and found.statistics else {}
        row |= {f"{before}{name}": value for name, value in statistics.items()}
    return row


def _exact(text: str) -> dict[str, Any]:
    """Return a JSON object with its numbers as text."""
    return dict(json.loads(text, parse_float=str))


def _line(values: Iterable[object]) -> str:
    buffer = io.StringIO()
    shown = (printable(one) if isinstance(one, str) else one for one in values)
    csv.writer(buffer, lineterminator="").writerow(shown)
    return buffer.getvalue()
