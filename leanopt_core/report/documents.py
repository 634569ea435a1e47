"""The JSON values of `leanopt show`, by the name of the view."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final

from leanopt_core.report import courses, failed, missed
from leanopt_core.report.front import fronts_of
from leanopt_core.report.manifest import manifest
from leanopt_core.report.run import TOP, document, report, trial_document
from leanopt_core.report.subject import state_of
from leanopt_core.store.records import StoredRun
from leanopt_core.store.store import Store

View = Callable[[Store, StoredRun, int | None], dict[str, Any]]


def _run(store: Store, run: StoredRun, search: int | None) -> dict[str, Any]:
    return document(report(store, run, TOP, search)) | {"state": state_of(store, run)}


def _failed(store: Store, run: StoredRun, search: int | None) -> dict[str, Any]:
    return failed.document(run, failed.failure_groups(store, run, search))


def _constraints(store: Store, run: StoredRun, search: int | None) -> dict[str, Any]:
    return missed.document(run, missed.missed(store, run, search))


def _stages(store: Store, run: StoredRun, search: int | None) -> dict[str, Any]:
    found = list(courses.courses(store, run, search))
    results = map(courses.stage_result, found)
    return courses.document(run, results, courses.patience_results(found))


def front_document(store: Store, run: StoredRun, search: int | None = None) -> dict[str, Any]:
    """Return the fronts of a run as JSON values."""
    fronts = fronts_of(store, run, search)
    return {
        "run": run.name,
        "objectives": list(fronts.names),
        "front": [
            {"rank": one.rank, "search": one.search} | trial_document(run, one.search, one.trial)
            for one in fronts.trials(store)
        ],
    }


def _manifest(store: Store, run: StoredRun, _search: int | None) -> dict[str, Any]:
    return manifest(store, run)


#: What `leanopt show` prints with `--json`, and with `--NAME --json` for the other names.
VIEWS: Final[Mapping[str, View]] = MappingProxyType(
    {
        "run": _run,
        "failed": _failed,
        "constraints": _constraints,
        "stages": _stages,
        "front": front_document,
        "manifest": _manifest,
    }
)
