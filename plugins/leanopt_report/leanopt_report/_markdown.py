"""Write a report as Markdown: verdict, texts and tables; charts by their captions."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from leanopt_report._model import Document, Section, Table

#: What Markdown or HTML would act on.
_SPECIAL: Final = re.compile(r"[\\`*_\[\]<>#|~&$]|^[-+=](?=[-+=\s]|$)")
#: What would begin a numbered list.
_NUMBERED: Final = re.compile(r"^(\d+)([.)])(?=\s|$)")


def markdown_text(document: Document) -> str:
    """Return the report as Markdown."""
    return "\n".join(_lines(document)).rstrip() + "\n"


def _lines(document: Document) -> Iterator[str]:
    yield f"# {_escaped(document.run)}\n"
    yield f"{_escaped(document.subtitle)}\n"
    if document.state is not None:
        yield f"**{_escaped(document.state)}**\n"
    yield "## Verdict\n"
    yield f"**{_escaped(document.verdict.sentence)}**\n"
    if document.verdict.reasons:
        yield from (f"- {_escaped(one)}" for one in document.verdict.reasons)
        yield ""
    several = len(document.pages) > 1
    for page in document.pages:
        if several:
            yield f"## {_escaped(page.title)}\n"
        for section in page.sections:
            yield from _section(section, "###" if several else "##")


def _section(section: Section, mark: str) -> Iterator[str]:
    yield f"{mark} {_escaped(section.title)}\n"
    yield from (f"{_escaped(text)}\n" for text in section.texts)
    for table in section.tables:
        yield from _table(table)
    yield from (f"_Chart in the HTML report: {_escaped(one.caption)}_\n" for one in section.charts)
    if section.code:
        # Indented code needs no fence that its text could end.
        yield from (f"    {line}" for line in section.code.splitlines())
        yield ""


def _table(table: Table) -> Iterator[str]:
    if table.title:
        yield f"{_escaped(table.title)}:\n"
    yield _row(table.head)
    yield f"|{' --- |' * len(table.head)}"
    yield from map(_row, table.rows)
    yield ""


def _row(cells: tuple[str | None, ...]) -> str:
    return f"| {' | '.join('-' if one is None else _escaped(one) for one in cells)} |"


def _escaped(text: str) -> str:
    """Return text on one line that Markdown shows as it is."""
    return _NUMBERED.sub(r"\1\\\2", _SPECIAL.sub(r"\\\g<0>", " ".join(text.split())))
