"""Choose the run of a plan: continue one, show a finished one, or begin a new one."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from shlex import quote
from typing import Any, Literal

from attrs import frozen

from leanopt_core.canonical import as_stored, digest
from leanopt_core.errors import ResumeError, UsageError
from leanopt_core.fitness import Direction
from leanopt_core.pipeline import PLAN_VERSION
from leanopt_core.pipeline.older import reworded
from leanopt_core.scoring import Scorer, SeveralScorer
from leanopt_core.search.complete import check_complete
from leanopt_core.search.differences import differences
from leanopt_core.search.prepare import Prepared, label
from leanopt_core.search.repeats import DiffersError, other_direction
from leanopt_core.search.resume import begin, listed, sources_changed
from leanopt_core.search.wanted import Wanted
from leanopt_core.store.records import StoredRun
from leanopt_core.store.store import Store


@frozen
class Chosen:
    """The chosen run, what becomes of it, and a remark for the user, which may be empty."""

    run: StoredRun
    how: Literal["begun", "resumed", "shown"]
    note: str = ""


def choose(
    store: Store,
    ready: Prepared,
    scorer: Scorer | SeveralScorer,
    wanted: Wanted,
    options: Mapping[str, object],
) -> Chosen:
    """Choose the run, and store it if it is new, with the command's `options`.

    `scorer` knows the directions of the fitness functions. Raises ResumeError if the run to resume
    does not exist, differs, has other directions, or has lost trials.
    """
    direction = scorer.direction
    if wanted.resume:
        run = _unfinished(store, ready, direction, wanted.run)
        return Chosen(run, "resumed", f"run {run.name} continues")
    newest = _named(store, ready, wanted) if wanted.name else _newest(store, ready, wanted)
    note = ""
    if newest is not None:
        name, more = newest.name, _NEW_NAME if wanted.name else _NEW
        if newest.state in ("running", "interrupted"):
            check_complete(store, newest)
            _check_direction(newest, ready, direction)
            note = f"run {name} has this plan and is unfinished: it continues. {more}"
            return Chosen(newest, "resumed", note)
        if newest.state == "finished" and store.reader.has_completed(newest):
            note = f"run {name} has this plan and has finished: its result is shown. {more}"
            return Chosen(newest, "shown", note)
        if newest.state == "failed":
            note = f"run {name} has this plan and failed: a new run begins"
    new = begin(store, ready, direction, options, wanted.name, scorer.directions)
    return Chosen(new, "begun", note)


#: The last line of an error that lists differences to a stored plan.
ADVICE = "undo these changes to continue it, or begin a new run with --accept-changes"
_NEW = "Use --again to begin a new run."
_NEW_NAME = "Choose another name to begin a new run."


def _newest(store: Store, ready: Prepared, wanted: Wanted) -> StoredRun | None:
    return None if wanted.again else next(_of_plan(store, ready), None)


def _named(store: Store, ready: Prepared, wanted: Wanted) -> StoredRun | None:
    """Return the run of the wanted name; raises UsageError if it is none that can be taken."""
    name = str(wanted.name)
    run = store.runs.named(name)
    if run is not None and (wanted.again or run.state == "failed" or not _has_plan(run, ready)):
        why = "" if _has_plan(run, ready) else " with another plan"
        raise UsageError(
            f"there is a run {name}{why}; choose another name, or delete it: "
            f"leanopt delete {quote(name)}"
        )
    return run


def _of_plan(store: Store, ready: Prepared) -> Iterator[StoredRun]:
    """Yield the runs with this plan, the newest first."""
    runs = store.runs.of_plan(ready.plan.hash, PLAN_VERSION)
    return (run for run in runs if _has_plan(run, ready))


def _has_plan(run: StoredRun, ready: Prepared) -> bool:
    wanted = ready.plan.hash
    if run.plan_hash == wanted:
        return True
    older = json.loads(run.plan).get("version") != PLAN_VERSION
    return older and digest(_today(run, ready)) == wanted


def _today(run: StoredRun, ready: Prepared) -> dict[str, Any]:
    """Return the plan of a run as it is worded today."""
    plan = ready.plan
    return reworded(json.loads(run.plan), plan.data, ready.all_data, plan.stop_when_failing)


def _unfinished(store: Store, ready: Prepared, direction: Direction, name: str | None) -> StoredRun:
    """Return the run to resume; raises ResumeError if there is none.

    The error lists the differences to the plan of this pipeline's newest unfinished run. A fitness
    function whose direction is no longer the stored one is refused too.
    """
    runs = store.runs.unfinished() if name is None else iter([store.runs.find(name)])
    unfinished = [run for run in runs if run.state != "finished"]
    for run in unfinished:
        if _has_plan(run, ready):
            check_complete(store, run)
            _check_direction(run, ready, direction)
            return run
    for other in unfinished:
        if other.pipeline == ready.pipeline.name or name is not None:
            raise _other_plan(other, ready, named=name is not None)
    raise ResumeError(
        f"there is no unfinished run of {ready.pipeline.name!r}; begin one without --resume"
    )


def _other_plan(run: StoredRun, ready: Prepared, *, named: bool) -> ResumeError:
    before, now = _today(run, ready), as_stored(ready.plan.to_dict())
    same = before.pop("source") == now.pop("source")
    found = ([] if same else [sources_changed(run, ready.build)]) + differences(before, now)
    head = "the plan has changed" if named else "no unfinished run has this plan"
    return DiffersError(f"{head}; the plan of {run.name} differs in\n{listed(found)}\n{ADVICE}")


def _check_direction(run: StoredRun, ready: Prepared, direction: Direction) -> None:
    for search in run.searches:
        if search.direction != direction:
            named = label("fitness function", ready.pipeline.fitness)
            raise other_direction(named, search.direction, direction)
