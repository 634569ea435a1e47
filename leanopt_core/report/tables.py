"""All trials of a run as CSV."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from leanopt_core.pipeline.toml import printable
from leanopt_core.report.scenarios import Combination
from leanopt_core.store.dump import Trials
from leanopt_core.store.inactive import Inactive
from leanopt_core.store.records import StoredRun, StoredSearch, StoredTrial

_OWN: Final = (
    *("search", "trial", "stage", "state", "origin", "fitness", "violation", "failure"),
    "message",
)
_GROUPS: Final = ("parameters", "values", "aggregate", "statistics", "cuts")


def csv_lines(run: StoredRun, trials: Trials) -> Iterator[str]:
    """Yield a header and a line for each trial, without line ends.

    `trials` returns a search's trials by the search's id; it is called twice for each.

    `name` is that of the search, if there are several. `pruned_at` is there if a trial was pruned,
    `inactive` if parameters have conditions: the names of those that did not count in the trial.
    `message` is that of the failure, or why there is no fitness. Columns are `parameters.NAME`,
    `values.NAME` (further values of the fitness function) and `statistics.NAME`; with several
    scenarios `statistics.SCENARIO.NAME`, and `aggregate.NAME` over all of them;
    `cuts.SCENARIO.NAME` under those on their last days. Unknown values are empty, control
    characters are escaped. The trials are read twice: the columns must be known first.
    """
    # A search of several is found by its name, such as a symbol, too.
    own = ["search", "name", *_OWN[1:]] if len(run.searches) > 1 else [*_OWN]
    names: dict[str, None] = dict.fromkeys(own)
    for row in _rows(run, trials):
        names.update(dict.fromkeys(row))
    own += [name for name in names if name in ("pruned_at", "inactive")]
    ordered = [*own, *sorted(set(names) - {*own, "name"}, key=_place)]
    yield csv_line(ordered)
    for row in _rows(run, trials):
        yield csv_line(row.get(name) for name in ordered)


def _place(name: str) -> tuple[int, str]:
    """Sort parameters first, then values, then statistics."""
    return (_GROUPS.index(name.partition(".")[0]), name)


def _rows(run: StoredRun, trials: Trials) -> Iterator[Mapping[str, Any]]:
    combination, inactive = Combination.of(run), Inactive.of(run)
    for search in run.searches:
        for trial in trials(search.id):
            row = _row(search, trial, combination)
            if inactive.space:
                row["inactive"] = ", ".join(inactive.at(trial.grid_index))
            yield row


def _row(search: StoredSearch, trial: StoredTrial, combination: Combination) -> dict[str, Any]:
    details = trial.details
    own = (search.number, trial.number, trial.stage, trial.state, trial.origin)
    judged = (trial.fitness, trial.violation, trial.failure, "; ".join(details.get("reasons", ())))
    row = dict(zip(_OWN, (*own, *judged), strict=True)) | {"name": search.name}
    if trial.pruned_at is not None:
        row["pruned_at"] = trial.pruned_at
    row |= {f"parameters.{k}": v for k, v in _exact(trial.parameters).items()}
    row |= {f"values.{k}": v for k, v in details.get("values", {}).items()}
    if len(search.scenarios) > 1:
        together = combination.statistics(search, trial) or {}
        row |= {f"aggregate.{name}": value for name, value in together.items()}
    for scenario in search.scenarios:
        found = trial.backtests.get(scenario.ordinal)
        before = f"statistics.{scenario.name}." if len(search.scenarios) > 1 else "statistics."
        statistics = _exact(found.statistics) if found and found.statistics else {}
        row |= {f"{before}{name}": value for name, value in statistics.items()}
    for cut in search.cuts:
        found = trial.backtests.get(cut.ordinal)
        statistics = _exact(found.statistics) if found and found.statistics else {}
        row |= {f"cuts.{cut.name}.{name}": value for name, value in statistics.items()}
    return row


def _exact(text: str) -> dict[str, Any]:
    """Return a JSON object with its numbers as text."""
    return dict(json.loads(text, parse_float=str))


def csv_line(values: Iterable[object]) -> str:
    """Return a row of CSV without its line end; control characters are escaped."""
    buffer = io.StringIO()
    shown = (printable(one) if isinstance(one, str) else one for one in values)
    csv.writer(buffer, lineterminator="").writerow(shown)
    return buffer.getvalue()
