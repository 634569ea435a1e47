"""Make the report of a run: read each search once, then all of them together."""

from __future__ import annotations

import json

from leanopt_core.api import OpenStore, StoredRun, counted
from leanopt_report._across import across
from leanopt_report._best import best
from leanopt_report._course import heat_map, parallel, progress
from leanopt_report._equity import equity
from leanopt_report._losses import losses
from leanopt_report._model import Document, Page, Section
from leanopt_report._plugins import Plugins, evidence
from leanopt_report._subject import Subject
from leanopt_report._timing import timing
from leanopt_report._verdict import verdict

#: What is said of a run that has not finished.
STATES = {
    "running": "The run is still going on: this report shows what is stored so far.",
    "interrupted": "The run was stopped before its end; `leanopt resume` continues it.",
    "killed": "The process of the run died before its end; `leanopt resume` continues it.",
    "failed": "The run ended with an error.",
}


def report_of(store: OpenStore, run: StoredRun, plugins: Plugins) -> Document:
    """Return the report of a run, with the sections that plugins have for `leanopt show`.

    Raises PluginError if one of them fails.
    """
    document = store.document(run)
    subjects = [Subject.of(store, run, search) for search in run.searches]
    pages = [_page(one, plugins) for one in subjects]
    if len(pages) > 1:
        judged = tuple(evidence(plugins, store, run, None))
        pages.insert(0, across(store, run, subjects, judged))
    first = pages[0]
    pages[0] = Page(
        first.name, first.title, (*first.sections, _manifest(store, run)), first.columns
    )
    return Document(
        *(run.name, _subtitle(run), STATES.get(document["state"])),
        *(verdict(document), tuple(pages)),
    )


def _page(subject: Subject, plugins: Plugins) -> Page:
    """Return the page of a search."""
    search = subject.search
    sections = (
        best(subject),
        equity(subject),
        progress(subject),
        parallel(subject),
        heat_map(subject),
        *evidence(plugins, subject.store, subject.run, None if subject.alone else search.number),
        losses(subject),
        timing(subject.run, (search,), (subject.trials.backtests,)),
    )
    name = f"search{search.number}"
    return Page(name, search.name, sections, subject.trials.columns())


def _subtitle(run: StoredRun) -> str:
    searches = f", {counted(len(run.searches), 'search')}" if len(run.searches) > 1 else ""
    began = run.started_at[:16].replace("T", " ")
    note = f". {run.note}" if run.note else ""
    return f"{run.pipeline}, strategy {run.strategy}, begun {began} UTC{searches}{note}"


def _manifest(store: OpenStore, run: StoredRun) -> Section:
    found = store.document(run, "manifest")
    text = json.dumps(found, indent=2, ensure_ascii=False, sort_keys=True, allow_nan=False)
    intro = (
        "What decides the trials of this run. Save it as a file and repeat the run elsewhere with "
        "`leanopt run --manifest FILE`."
    )
    return Section("manifest", "Manifest", (intro,), code=text, folded=True)
