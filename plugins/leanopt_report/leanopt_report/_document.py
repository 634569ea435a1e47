"""Make the report of a run: read each search once, then all of them together."""

from __future__ import annotations

import json

from leanopt_evidence import Evidence, evidence_of

from leanopt_core.api import OpenStore, StoredRun, counted
from leanopt_report._across import across
from leanopt_report._best import best
from leanopt_report._course import heat_map, parallel, progress
from leanopt_report._depends import importance, leading, plateau, sensitive
from leanopt_report._equity import equity
from leanopt_report._judged import luck, verdict
from leanopt_report._losses import losses
from leanopt_report._model import Document, Page, Section
from leanopt_report._paths import paths
from leanopt_report._plugins import Plugins, evidence
from leanopt_report._subject import Subject
from leanopt_report._timing import timing

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
    document, judged = store.document(run), evidence_of(store, run)
    subjects = [Subject.of(store, run, search) for search in run.searches]
    pages = [_page(one, plugins, judged) for one in subjects]
    if len(pages) > 1:
        more = (*paths(store, run, document), luck(judged), *evidence(plugins, store, run, None))
        pages.insert(0, across(store, run, subjects, more))
    first = pages[0]
    pages[0] = Page(
        first.name, first.title, (*first.sections, _manifest(store, run)), first.columns
    )
    return Document(
        *(run.name, _subtitle(run), STATES.get(document["state"])),
        *(verdict(document, judged), tuple(pages)),
    )


def _page(subject: Subject, plugins: Plugins, judged: Evidence) -> Page:
    """Return the page of a search."""
    search = subject.search
    depends = sensitive(subject)
    sections = (
        best(subject),
        plateau(depends),
        equity(subject),
        *(paths(subject.store, subject.run, subject.document) if subject.alone else ()),
        progress(subject),
        parallel(subject),
        heat_map(subject, leading(depends)),
        importance(depends),
        luck(judged, None if subject.alone else search.number - 1),
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
