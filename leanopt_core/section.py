"""What a plugin says of a run, as a section of `leanopt show`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from attrs import Attribute, field, frozen


@frozen
class SectionRow:
    """One line of a section: what it is, its value as text for people, and a note.

    A value of None is unknown: `note` is the reason, and must not be empty.
    """

    label: str
    value: str | None
    note: str = field(default="")

    @note.validator
    def _check(self, _attribute: Attribute[str], note: str) -> None:
        if self.value is None and not note:
            raise ValueError(f"{self.label}: a value of None needs its reason in note")


@frozen
class SectionTable:
    """A table of a section. A cell is text, a number, or None if it is unknown."""

    title: str
    head: tuple[str, ...]
    rows: tuple[tuple[str | int | float | None, ...], ...]

    def __attrs_post_init__(self) -> None:
        """Check that each row has a cell for each name in the head."""
        for row in self.rows:
            if len(row) != len(self.head):
                raise ValueError(f"{self.title}: {row} has not {len(self.head)} cells")


@frozen
class ShowSection:
    """A section of `leanopt show`, in the order in which it is printed.

    `text` has sentences, the most important first. `document` is what `--json` prints of it: plain
    values, without NaN and infinity.
    """

    title: str
    text: tuple[str, ...]
    rows: tuple[SectionRow, ...]
    tables: tuple[SectionTable, ...]
    document: Mapping[str, Any]
