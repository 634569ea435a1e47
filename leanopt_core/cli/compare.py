"""`leanopt compare`: runs or trials side by side, with what differs marked."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from leanopt_core.cli.common import WholeNumber, open_project, project_option
from leanopt_core.cli.figures import DETAILED
from leanopt_core.cli.output import print_json, print_table
from leanopt_core.errors import UsageError

if TYPE_CHECKING:
    from leanopt_core.cli.subject import Subject
    from leanopt_core.store.records import StoredTrial
    from leanopt_core.store.store import Store

_FEWEST = 2


@click.command("compare")
@click.argument("subjects", nargs=-1, required=True, metavar="A B...")
@project_option
@click.option(
    "--search", type=WholeNumber(min=1), default=1, help="Trials of this search; 1 by default."
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def command(subjects: tuple[str, ...], project: Path, search: int, as_json: bool) -> None:
    """Show A B... side by side: runs, or trials as RUN:TRIAL (of the newest run :TRIAL).

    What is not the same in all of them has a `*` before it.

    Example: leanopt compare quickstart-1:3 quickstart-1:7
    """
    from leanopt_core.cli.subject import find_subject

    if len(subjects) < _FEWEST:
        raise UsageError("two or more are compared: runs, or trials as RUN:TRIAL")
    with open_project(project) as store:
        found = [find_subject(store, text, search) for text in subjects]
        if len({one.trial is None for one in found}) > 1:
            raise UsageError("runs are compared with runs, trials with trials")
        facts = [_facts(store, one) for one in found]
    names = list(dict.fromkeys(name for one in facts for name in one))
    rows = [(name, [one.get(name) for one in facts]) for name in names]
    # Of the plans, which are long, only what differs.
    rows = [row for row in rows if not row[0].startswith("plan.") or _differ(row[1])]
    if as_json:
        print_json(_document([one.name for one in found], rows))
        return
    head = ("", "what", *(one.name for one in found))
    shown = [(name, row) for name, row in rows if not name.startswith(DETAILED)]
    print_table(head, [("*" if _differ(row) else "", name, *row) for name, row in shown], keep=2)


def _document(names: Sequence[str], rows: Sequence[tuple[str, list[Any]]]) -> dict[str, Any]:
    return {
        "compared": list(names),
        "rows": [{"what": name, "values": row, "differ": _differ(row)} for name, row in rows],
    }


def _differ(row: Sequence[object]) -> bool:
    return any(value != row[0] for value in row)


def _facts(store: Store, subject: Subject) -> dict[str, Any]:
    return _of_run(store, subject) if subject.trial is None else _of_trial(subject.trial)


def _of_trial(trial: StoredTrial) -> dict[str, Any]:
    from leanopt_core.cli.summary import detail

    more = detail(trial)
    facts: dict[str, Any] = {"stage": trial.stage, **json.loads(trial.parameters, parse_float=str)}
    facts |= {"fitness": trial.fitness, "violation": trial.violation, "failure": trial.failure}
    facts |= more.get("values", {})
    for ordinal, one in sorted(trial.backtests.items()):
        before = f"scenario {ordinal + 1}: " if len(trial.backtests) > 1 else ""
        statistics = json.loads(one.statistics) if one.statistics else {}
        facts |= {f"{before}{name}": value for name, value in statistics.items()}
    return facts


def _of_run(store: Store, subject: Subject) -> dict[str, Any]:
    from leanopt_core.cli.subject import state_of
    from leanopt_core.search.report import report

    said = report(store, subject.run, top=1)
    tally, best = said.tally, said.best[0].trial if said.best else None
    facts: dict[str, Any] = {
        "state": state_of(store, subject.run),
        "began": subject.run.started_at,
        "trials": tally.told,
        "feasible": tally.feasible,
        "infeasible": tally.infeasible,
        "without fitness": tally.unscored,
        "failed": sum(tally.failures.values()),
        "backtests run": tally.fresh,
        "from the store": tally.cached,
        "best trial": None if best is None else best.number,
    }
    if best is not None:
        named = {"fitness", "violation", *json.loads(best.parameters)}
        facts |= {f"best: {name}": v for name, v in _of_trial(best).items() if name in named}
    return facts | dict(_flat("plan", json.loads(subject.run.plan)))


def _flat(path: str, value: Any) -> list[tuple[str, Any]]:
    """Return the plain values inside a JSON value by their paths."""
    inner: Sequence[tuple[Any, Any]]
    if isinstance(value, Mapping):
        inner = list(value.items())
    elif isinstance(value, list):
        inner = list(enumerate(value))
    else:
        return [(path, value)]
    return [pair for key, one in inner for pair in _flat(f"{path}.{key}", one)]
