"""The file of what was imported: the pipeline, and what of its sources is not in it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from leanopt_core.pipeline.toml import key_text
from leanopt_core.scaffold.document import Line, Section
from leanopt_lean.importing.draft import At, Entry, Imported, note_lines

_TABLES: Final = {
    "strategy": (),
    "strategy.config": ("Further keys for LEAN's own config.json.",),
    "scenario": ("What every trial is backtested under; `leanopt run --symbol` changes it.",),
    "parameters": (
        "What is searched: min, min + step, ..., exact and never past max. Others are fixed.",
    ),
    "constraints": (),
    "fitness": ("What counts as best.",),
    "executor": (
        "Where backtests run: warm containers. `leanopt plugins docker` has all options.",
    ),
}
#: What stands first in its table; other keys follow in the order they were set in.
_FIRST: Final = ("name", "engine", "project", "use", "image", "pull", "workers", "symbol")


def sections_of(imported: Imported, sources: str) -> Iterator[Section]:
    """Yield the pipeline's tables, those that hold nothing left out; `sources` names the files."""
    said = [f"Imported from {sources}. `leanopt plan` says what it would do.", *imported.said]
    if imported.notes:
        said += ["", "Not translated, or not the same here:"]
        said += [f"- {line}" for line in note_lines(imported.notes)]
    yield Section("", _lines(imported.tables.get("", {})), said)
    for name, texts in _TABLES.items():
        entries = imported.tables.get(name)
        if entries:
            lines = _parameter_lines if name == "parameters" else _lines
            yield Section(f"[{name}]", lines(entries), texts)
    for position, stage in enumerate(imported.stages):
        first = () if position else ("How it is searched, stage after stage.",)
        yield Section("[[stage]]", _lines(stage), first)


def origins(imported: Imported) -> dict[str, At]:
    """Return where the pipeline's values come from, by key path as messages show it."""
    found = {
        key_text((*filter(None, name.split(".")), key)): entry.at
        for name, entries in imported.tables.items()
        for key, entry in entries.items()
    }
    for position, stage in enumerate(imported.stages):
        found |= {key_text(("stage", position, key)): entry.at for key, entry in stage.items()}
    return {key: at for key, at in found.items() if at is not None}


def _lines(entries: Mapping[str, Entry]) -> list[Line]:
    keys = sorted(entries, key=lambda key: _FIRST.index(key) if key in _FIRST else len(_FIRST))
    return [Line(key, entries[key].value, entries[key].comment) for key in keys]


def _parameter_lines(entries: Mapping[str, Entry]) -> list[Line]:
    return [Line(key, one.value, one.comment) for key, one in entries.items()]
