"""`leanopt export` of one trial, for other programs, or of the joined curve of several."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from leanopt_core.cli.output import whole_file
from leanopt_core.cli.session import tell, warn
from leanopt_core.errors import UsageError

if TYPE_CHECKING:
    from leanopt_core.report.series import Series
    from leanopt_core.report.subject import Selection
    from leanopt_core.search.calls import Calls
    from leanopt_core.store.records import StoredRun
    from leanopt_core.store.store import Store

#: What `--to` takes for a trial.
TRIAL_FORMS: Final = ("params", "toml", "lean", "equity", "trades")


def export_trial(
    store: Store,
    subject: Selection,
    form: str,
    scenario: str | None,
    output: Path | None,
    calls: Calls,
    write: Callable[[Iterable[str]], object],
) -> None:
    """Write a trial in one of `TRIAL_FORMS`: as lines with `write`, or as a Parquet file.

    Raises as `Remaker.series` does, and UsageError for options that do not fit.
    """
    if form in ("equity", "trades"):
        _write_series(_series(store, subject, form, scenario, calls), output, write)
    elif scenario is not None:
        raise UsageError(f"--scenario is for --to equity and --to trades; leave out --to {form}")
    else:
        write([_parameters(subject, form, output)])


def export_path(
    store: Store,
    run: StoredRun,
    name: str | None,
    output: Path | None,
    write: Callable[[Iterable[str]], object],
) -> None:
    """Write the joined curve of a run's path, and say which windows it lacks.

    Raises UsageError if the run has no such path, or the path no curve.
    """
    from leanopt_core.report.pieces import find_path
    from leanopt_core.report.series import path_series
    from leanopt_core.report.windows import path_reports

    (path,) = path_reports(store, run, find_path(run, name))
    lacking = [one for at, one in enumerate(path.windows) if at not in path.curve.windows]
    if not path.curve.days:
        why = "; ".join(dict.fromkeys(one.why or "" for one in lacking))
        raise UsageError(f"path {path.name} of run {run.name} has no daily returns: {why}")
    for one in lacking:
        why = one.why or "the curve ends before it"
        warn(f"search {one.search}, test {one.test}, is not part of it: {why}")
    if path.curve.ended is not None:
        warn(f"the curve ends early: {path.curve.ended}")
    _write_series(path_series(path), output, write)


def _write_series(
    series: Series, output: Path | None, write: Callable[[Iterable[str]], object]
) -> None:
    """Write a series as CSV lines with `write`, or as a Parquet file."""
    from leanopt_core.report.series import PARQUET

    if output is None or output.suffix != PARQUET:
        write(series.csv_lines())
        return
    with whole_file(output) as path:
        series.write_parquet(path)


def _series(
    store: Store, subject: Selection, form: str, scenario: str | None, calls: Calls
) -> Series:
    from leanopt_core.plugins import discover
    from leanopt_core.report.remade import Remaker

    registry = discover(noted=calls.noted)
    return Remaker(store, registry, tell, calls).series(subject, scenario, form)


def _parameters(subject: Selection, form: str, output: Path | None) -> str:
    from leanopt_core.report.parameters import exact_parameters, lean_parameters, parameters_text

    if form != "lean" or output is None or not output.is_file():
        return parameters_text(form, subject)
    assert subject.trial is not None  # noqa: S101 - the caller has chosen one
    return _merged(output, lean_parameters(exact_parameters(subject.run, subject.trial)))


def _merged(path: Path, parameters: dict[str, str]) -> str:
    """Return a configuration of LEAN with these parameters set, everything else unchanged."""
    try:
        found: Any = json.loads(path.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError) as error:
        raise UsageError(f"--output {path} exists and cannot be read as JSON: {error}") from None
    before = found.get("parameters", {}) if isinstance(found, dict) else None
    if not isinstance(before, dict):
        raise UsageError(f"--output {path} exists and is no configuration with parameters")
    return json.dumps({**found, "parameters": {**before, **parameters}}, indent=4)
