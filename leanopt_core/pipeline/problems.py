"""Collects every mistake of a pipeline, each at its key path and under the file it came from."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import date, time
from decimal import Decimal
from typing import TypeAlias

from attrs import define, field

from leanopt_core.errors import Mistake, PipelineError

KeyPath: TypeAlias = tuple[str | int, ...]
"""Where a value stands: table keys and list indexes (from 0), outermost first."""

_BARE = re.compile(r"[A-Za-z0-9_-]+")
_SHOWN = 60


def key_text(at: KeyPath) -> str:
    """Return a key path as messages show it: `stage[0].trials`, `parameters."my key".min`."""
    text = ""
    for step in at:
        if isinstance(step, int):
            text += f"[{step}]"
        else:
            bare = step if _BARE.fullmatch(step) else json.dumps(step, ensure_ascii=False)
            text += f".{bare}" if text else bare
    return text


def toml_text(value: object) -> str:
    """Return a TOML value as its user would write it, shortened to 60 characters."""
    text = _written(value)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."


def _written(value: object) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case str():
            return json.dumps(value, ensure_ascii=False)
        case date() | time():
            return value.isoformat()
        case Decimal() if not value.is_finite():
            return str(float(value))
        case list():
            return f"[{', '.join(map(_written, value))}]"
        case Mapping():
            inner = ", ".join(f"{key_text((k,))} = {_written(v)}" for k, v in value.items())
            return f"{{ {inner} }}" if inner else "{}"
        case _:
            return str(value)


@define
class Problems:
    """The mistakes found so far.

    `file` is how the user named the pipeline's file; `labels` holds, by key path, what stands in
    its place in messages about values that came from elsewhere, as `--set seed=7`.
    """

    file: str
    labels: dict[KeyPath, str] = field(factory=dict)
    _mistakes: list[Mistake] = field(factory=list)
    _places: set[KeyPath] = field(factory=set)

    def add(
        self, at: KeyPath, found: str, expected: str, hint: str = "", source: str | None = None
    ) -> None:
        """Note a mistake, unless one is known at `at` or below: that one is then the cause.

        `source` says where the value came from, where that is neither the file nor in `labels`.
        """
        if not self.touched(at):
            self._places.add(at)
            self.note(Mistake(source or self._source(at), key_text(at), found, expected, hint))

    def note(self, mistake: Mistake) -> None:
        """Note a mistake that has no place in the document."""
        self._mistakes.append(mistake)

    def touched(self, at: KeyPath) -> bool:
        """Say whether a mistake is known at `at` or below it."""
        return any(place[: len(at)] == at for place in self._places)

    def error(self) -> PipelineError:
        """Return the error that holds all mistakes, in the order they were found."""
        return PipelineError(self._mistakes)

    def raise_any(self) -> None:
        """Raise PipelineError if there is any mistake."""
        if self._mistakes:
            raise self.error()

    def _source(self, at: KeyPath) -> str:
        parts = (at[:length] for length in range(len(at), 0, -1))
        return next((self.labels[part] for part in parts if part in self.labels), self.file)
