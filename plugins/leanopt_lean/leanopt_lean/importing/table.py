"""A JSON object that is read key by key; unread keys are reported, never lost."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from difflib import get_close_matches
from typing import Final

from attrs import define, field

from leanopt_core.api import number_text
from leanopt_lean.importing.draft import MISSING, UNSAID, At, Draft

Number = int | Decimal

_CLOSE: Final = 0.8


def exact(value: object) -> Number | None:
    """Return the exact number in a JSON number or string, whole ones as int, or None."""
    if isinstance(value, str):
        try:
            value = Decimal(value.strip())
        except InvalidOperation:
            return None
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        return None
    try:
        text = number_text(Decimal(value))
    except ValueError:
        return None
    return Decimal(text) if "." in text else int(text)


@define
class Table:
    """An object at a position. Keys ignore case; wrong values are noted as mistakes."""

    raw: Mapping[str, object]
    at: At
    draft: Draft
    asked: list[str] = field(factory=list)
    _used: set[str] = field(factory=set)

    def take(self, *names: str) -> tuple[At, object]:
        """Return the path and the value of the first key present, MISSING if none is."""
        self.asked.extend(names)
        for name in names:
            for key, value in self.raw.items():
                if key.casefold() == name.casefold():
                    self._used.add(key)
                    return self.at / key, value
        return self.at / names[0], MISSING

    def number(self, *names: str, required: bool = False) -> Number | None:
        """Return an exact number; None if missing, or after noting a mistake."""
        at, value = self.take(*names)
        number = exact(value)
        if number is None and (required or (value is not MISSING and value is not None)):
            expected = "expected a number with at most 30 digits before and after the point"
            self.draft.mistake(at, value, expected)
        return number

    def whole(self, *names: str) -> int | None:
        """Return a whole number; None if missing, or after noting a mistake."""
        at, value = self.take(*names)
        number = exact(value)
        if isinstance(number, int):
            return number
        if value is not MISSING and value is not None:
            self.draft.mistake(at, value, "expected a whole number")
        return None

    def text(self, *names: str, required: bool = False) -> str | None:
        """Return a non-empty string; None if missing, or after noting a mistake."""
        at, value = self.take(*names)
        if isinstance(value, str) and value.strip():
            return value
        if required or (value is not MISSING and value is not None):
            self.draft.mistake(at, value, "expected a string")
        return None

    def truth(self, *names: str) -> bool:
        """Return whether a key is present and true."""
        at, value = self.take(*names)
        if isinstance(value, bool) or value is MISSING or value is None:
            return value is True
        self.draft.mistake(at, value, "expected true or false")
        return False

    def table(self, *names: str) -> Table | None:
        """Return the object at a key."""
        at, value = self.take(*names)
        if isinstance(value, Mapping):
            return Table(value, at, self.draft)
        if value is not MISSING and value is not None:
            self.draft.mistake(at, value, "expected an object")
        return None

    def tables(self, *names: str) -> list[Table]:
        """Return the objects in the list at a key."""
        at, value = self.take(*names)
        if value is MISSING or value is None:
            return []
        if not isinstance(value, Sequence) or isinstance(value, str):
            self.draft.mistake(at, value, "expected a list of objects")
            return []
        items = [(at / index, item) for index, item in enumerate(value)]
        for key, item in items:
            if not isinstance(item, Mapping):
                self.draft.mistake(key, item, "expected an object")
        return [Table(item, key, self.draft) for key, item in items if isinstance(item, Mapping)]

    def left(self) -> Iterator[tuple[At, str, object]]:
        """Yield the unread keys: position, key and value."""
        for key, value in self.raw.items():
            if key not in self._used:
                yield self.at / key, key, value

    def rest(self, reasons: Mapping[str, str], unknown: str, *, strict: bool = True) -> None:
        """Note the unread keys, with their reason, as unknown or as misspelt.

        If `strict`, a key similar to a known one that is missing is a mistake.
        """
        there = {key.casefold() for key in self.raw}
        absent = [name for name in (*self.asked, *reasons) if name.casefold() not in there]
        for at, key, _ in self.left():
            meant = get_close_matches(key, absent, n=1, cutoff=_CLOSE) if strict else []
            if key.casefold() in reasons or not meant:
                self.draft.dropped(at, reasons.get(key.casefold(), unknown))
            else:
                self.draft.mistake(at, UNSAID, "unknown key", f"did you mean '{meant[0]}'?")
