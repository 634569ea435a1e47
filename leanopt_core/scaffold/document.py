"""Write a pipeline's file: tables of lines, with comments."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from textwrap import wrap
from typing import Final

from attrs import frozen

from leanopt_core.pipeline.toml import key_text, printable, toml_value

_WIDTH: Final = 100


@frozen
class Line:
    """`key = value` with a comment; if `off`, the whole line is commented out."""

    key: str
    value: object
    comment: str = ""
    off: bool = False


@frozen
class Section:
    """A table: its header (empty at the top of the file), its lines, and comments."""

    header: str
    lines: Sequence[Line] = ()
    said: Sequence[str] = ()


def document_text(sections: Iterable[Section]) -> str:
    """Return the TOML text of a pipeline."""
    return "\n".join("\n".join(_section(one)) + "\n" for one in sections)


def _section(section: Section) -> Iterator[str]:
    for text in section.said:
        yield from _comment(text)
    if section.header:
        yield section.header
    elif section.said and section.lines:
        yield ""
    for line in section.lines:
        yield from _line(line)


def _line(line: Line) -> Iterator[str]:
    """Yield the line; a comment that is too long goes above it."""
    written = f"{'# ' if line.off else ''}{key_text((line.key,))} = {toml_value(line.value)}"
    comment = printable(line.comment)
    if comment and len(written) + len(comment) + len("  # ") > _WIDTH:
        yield from _comment(comment)
        comment = ""
    yield f"{written}  # {comment}" if comment else written


def _comment(text: str) -> Iterator[str]:
    """Yield a comment's lines; continuation lines of a list item are indented."""
    hanging = "  " if text.startswith("- ") else ""
    lines = wrap(printable(text), _WIDTH - 2, subsequent_indent=hanging, break_on_hyphens=False)
    for line in lines or [""]:
        yield f"# {line}".rstrip()
