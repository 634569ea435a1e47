"""The draft of an imported pipeline: what is translated, what is not and why, all mistakes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import Enum

from attrs import define, field, frozen

from leanopt_core.api import KeyPath, Mistake, PipelineError, key_text, printable, toml_text


@frozen
class At:
    """A position in what is imported: a file or command line, and the keys in it."""

    file: str
    keys: KeyPath = ()

    def __truediv__(self, key: str | int) -> At:
        return At(self.file, (*self.keys, key))

    @property
    def parent(self) -> At:
        """Return the position that holds this one."""
        return At(self.file, self.keys[:-1])

    @property
    def key(self) -> str:
        """Return the keys as messages show them."""
        return key_text(self.keys)


@frozen
class Note:
    """Something that is not translated, or has another meaning here, and why.

    The value is left out: it may be a secret.
    """

    at: At
    reason: str


def note_lines(notes: Sequence[Note]) -> list[str]:
    """Return notes as lines; keys of one file with the same reason share one."""
    keys_by_reason: dict[tuple[str, str], list[str]] = {}
    for note in notes:
        keys_by_reason.setdefault((note.at.file, note.reason), []).append(note.at.key)
    return [
        printable(": ".join(filter(None, (file, ", ".join(filter(None, keys)), reason))))
        for (file, reason), keys in keys_by_reason.items()
    ]


@frozen
class Entry:
    """A value of the pipeline, its origin, and a comment."""

    value: object
    at: At | None = None
    comment: str = ""


@frozen
class Imported:
    """An imported pipeline: tables by name (the top level's is empty), and stages.

    `said` are the files' own comments, `notes` report what is not translated, and `variables` are
    those that the pipeline refers to.
    """

    tables: Mapping[str, Mapping[str, Entry]]
    stages: Sequence[Mapping[str, Entry]]
    said: Sequence[str]
    notes: Sequence[Note]
    variables: Sequence[str]


@define
class Draft:
    """Collects an `Imported`."""

    tables: dict[str, dict[str, Entry]] = field(factory=dict)
    stages: list[dict[str, Entry]] = field(factory=list)
    said: list[str] = field(factory=list)
    notes: list[Note] = field(factory=list)
    mistakes: list[Mistake] = field(factory=list)
    variables: list[str] = field(factory=list)

    def put(
        self,
        table: str,
        key: str,
        value: object,
        at: At | None = None,
        comment: str = "",
    ) -> None:
        """Set a value; a string in it is literal, even if it looks like a variable."""
        self.tables.setdefault(table, {})[key] = Entry(literal(value), at, comment)

    def refer(
        self, table: str, key: str, variable: str, at: At | None = None, rest: str = ""
    ) -> None:
        """Set a value that is in the environment, or in `.env` beside the pipeline."""
        self.variables.append(variable)
        text = f"${{{variable}}}{literal(rest)}"
        self.tables.setdefault(table, {})[key] = Entry(text, at)

    def stage(self, use: str, at: At | None = None, **options: Entry) -> None:
        """Add a stage."""
        self.stages.append({"use": Entry(use, at), **options})

    def note(self, at: At, reason: str) -> None:
        """Note what is not translated, or has another meaning here."""
        self.notes.append(Note(at, reason))

    def dropped(self, at: At, reason: str) -> None:
        """Note that something is not translated."""
        self.note(at, f"not translated: {reason}")

    def mistake(self, at: At, found: object, expected: str, hint: str = "") -> None:
        """Note a mistake; `found` is the value, `MISSING`, or `UNSAID` (do not show it)."""
        texts = (at.file, at.key, shown(found), expected, hint)
        self.mistakes.append(Mistake(*map(printable, texts)))

    def finished(self) -> Imported:
        """Return the imported pipeline; raises PipelineError with all mistakes."""
        if self.mistakes:
            raise PipelineError(self.mistakes)
        return self.unfinished()

    def unfinished(self) -> Imported:
        """Return what was imported so far, despite mistakes."""
        return Imported(self.tables, self.stages, self.said, self.notes, self.variables)


class NoValue(Enum):
    """What messages show in place of a value."""

    NOTHING = "nothing"
    UNSAID = ""


MISSING = NoValue.NOTHING
UNSAID = NoValue.UNSAID


def shown(value: object) -> str:
    """Return a value of a file as messages show it."""
    if isinstance(value, NoValue):
        return value.value
    return "null" if value is None else toml_text(value)


def literal(value: object) -> object:
    """Return a value with its strings escaped, so that none refers to a variable."""
    match value:
        case str():
            return value.replace("${", "$${")
        case list():
            return [literal(one) for one in value]
        case dict():
            return {key: literal(one) for key, one in value.items()}
    return value
