"""Write a report as one HTML file that needs nothing else."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from hashlib import sha256
from html import escape
from importlib.resources import files
from typing import Final

from leanopt_report._model import Chart, Document, Page, Section, Table
from leanopt_report._packed import packed, script_json

# Styles are set by plotly on elements; nothing is loaded, so a style can send nothing anywhere.
_POLICY: Final = (
    "default-src 'none'; script-src {hashes}; style-src 'unsafe-inline'; img-src data: blob:; "
    "base-uri 'none'; form-action 'none'"
)
#: Longer cells of a table are wrapped.
_LONG: Final = 40
_NUMBER: Final = frozenset("-+.,%e0123456789")


def html_text(document: Document) -> str:
    """Return the report as an HTML document."""
    from plotly.offline import get_plotlyjs

    scripts = [
        get_plotlyjs(),
        _asset("theme.js"),
        _asset("parallel.js"),
        _asset("charts.js"),
        _asset("page.js"),
    ]
    data = {
        "run": document.run,
        "pages": [
            {"columns": packed(page.columns), "charts": [_chart(one) for one in _charts(page)]}
            for page in document.pages
        ],
    }
    title = escape(f"{document.run}: leanopt report")
    policy = escape(_POLICY.format(hashes=" ".join(map(_hash, scripts))))
    return "\n".join(
        [
            "<!DOCTYPE html>",
            '<html lang="en">',
            "<head>",
            '<meta charset="utf-8">',
            f'<meta http-equiv="Content-Security-Policy" content="{policy}">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            '<meta name="color-scheme" content="light dark">',
            f"<title>{title}</title>",
            f"<style>{_asset('page.css')}</style>",
            "</head>",
            "<body>",
            *_body(document),
            f'<script type="application/json" id="data">{script_json(data)}</script>',
            *(f"<script>{script}</script>" for script in scripts),
            "</body>",
            "</html>",
            "",
        ]
    )


def _asset(name: str) -> str:
    return (files("leanopt_report") / "assets" / name).read_text(encoding="utf-8")


def _hash(script: str) -> str:
    found = base64.b64encode(sha256(script.encode("utf-8")).digest())
    return f"'sha256-{found.decode('ascii')}'"


def _charts(page: Page) -> Iterator[Chart]:
    return (chart for section in page.sections for chart in section.charts)


def _chart(chart: Chart) -> dict[str, object]:
    return {"kind": chart.kind, "values": chart.values, "columns": packed(chart.columns)}


def _body(document: Document) -> Iterator[str]:
    verdict = document.verdict
    yield f"<header><h1>{escape(document.run)}</h1><p>{escape(document.subtitle)}</p></header>"
    if document.state is not None:
        yield f'<p class="state">{_inline(document.state)}</p>'
    yield f'<section class="verdict {verdict.tone}" id="verdict"><h2>Verdict</h2>'
    yield f'<p class="sentence">{escape(verdict.sentence)}</p>'
    if verdict.reasons:
        yield f"<ul>{''.join(f'<li>{_inline(one)}</li>' for one in verdict.reasons)}</ul>"
    yield "</section>"
    if len(document.pages) > 1:
        yield '<nav aria-label="Searches"><label>Page <select id="pages">'
        for place, page in enumerate(document.pages):
            yield f'<option value="{place}">{escape(page.title)}</option>'
        yield "</select></label></nav>"
    for place, page in enumerate(document.pages):
        yield f'<main class="page" id="page{place}">'
        if len(document.pages) > 1:
            yield f"<h2>{escape(page.title)}</h2>"
        yield from _page(page)
        yield "</main>"


def _page(page: Page) -> Iterator[str]:
    place = 0
    for section in page.sections:
        yield f'<section class="part {escape(section.name)}"><h3>{escape(section.title)}</h3>'
        yield from (f"<p>{_inline(text)}</p>" for text in section.texts)
        for chart in section.charts:
            caption = escape(chart.caption)
            yield f'<figure class="chart {chart.kind}" data-chart="{place}">'
            yield '<div class="controls"></div>'
            yield f'<div class="plot" role="img" aria-label="{caption}"></div>'
            yield f"<figcaption>{caption}</figcaption></figure>"
            place += 1
        yield from map(_table, section.tables)
        yield from _code(section)
        yield "</section>"


def _code(section: Section) -> Iterator[str]:
    if section.code:
        shown = f"<pre>{escape(section.code)}</pre>"
        folded = f"<details><summary>Show</summary>{shown}</details>"
        yield folded if section.folded else shown


def _table(table: Table) -> str:
    right = [
        all(row[place] is None or _is_number(row[place] or "") for row in table.rows)
        for place in range(len(table.head))
    ]
    head = "".join(
        f'<th scope="col"{_aligned(one)}>{escape(name)}</th>'
        for name, one in zip(table.head, right, strict=True)
    )
    body = "".join(
        f"<tr>{''.join(_cell(*one) for one in zip(row, right, strict=True))}</tr>"
        for row in table.rows
    )
    caption = f"<caption>{escape(table.title)}</caption>" if table.title else ""
    return (
        f'<div class="wide" tabindex="0"><table>{caption}<thead><tr>{head}</tr></thead>'
        f"<tbody>{body}</tbody></table></div>"
    )


def _cell(text: str | None, right: bool) -> str:
    style = ' class="long"' if text is not None and len(text) > _LONG else _aligned(right)
    return f"<td{style}>{escape('-' if text is None else text)}</td>"


def _aligned(right: bool) -> str:
    return ' class="number"' if right else ""


def _inline(text: str) -> str:
    """Return text as HTML; what stands in backticks is code."""
    parts = text.split("`")
    if len(parts) % 2 == 0:
        return escape(text)
    return "".join(
        f"<code>{escape(part)}</code>" if place % 2 else escape(part)
        for place, part in enumerate(parts)
    )


def _is_number(text: str) -> bool:
    return set(text) <= _NUMBER
