"""Write a report as one JSON document, with the numbers of the charts."""

from __future__ import annotations

import json
from typing import Any, Final

from leanopt_report._model import Chart, Document, Page, Section
from leanopt_report._packed import plain

#: The version of this form.
_VERSION: Final = 1


def json_text(document: Document) -> str:
    """Return the report as JSON; raises ValueError for NaN and infinity."""
    found = {
        "report": _VERSION,
        "run": document.run,
        "subtitle": document.subtitle,
        "state": document.state,
        "verdict": {
            "tone": document.verdict.tone,
            "sentence": document.verdict.sentence,
            "reasons": list(document.verdict.reasons),
        },
        "pages": [_page(one) for one in document.pages],
    }
    return json.dumps(found, ensure_ascii=False, allow_nan=False) + "\n"


def _page(page: Page) -> dict[str, Any]:
    return {
        "name": page.name,
        "title": page.title,
        "trials": plain(page.columns),
        "sections": [_section(one) for one in page.sections],
    }


def _section(section: Section) -> dict[str, Any]:
    return {
        "name": section.name,
        "title": section.title,
        "texts": list(section.texts),
        "tables": [
            {"title": one.title, "head": list(one.head), "rows": [list(row) for row in one.rows]}
            for one in section.tables
        ],
        "charts": [_chart(one) for one in section.charts],
        **({"code": section.code} if section.code else {}),
    }


def _chart(chart: Chart) -> dict[str, Any]:
    return {
        "kind": chart.kind,
        "caption": chart.caption,
        "values": chart.values,
        "columns": plain(chart.columns),
    }
