"""`--set key.path=value`: puts single values into the document before anything else looks at it."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Sequence
from decimal import Decimal

from attrs import frozen

from leanopt_core.errors import Mistake
from leanopt_core.pipeline.problems import KeyPath, Problems, toml_text
from leanopt_core.suggest import did_you_mean

_STEP = re.compile(r"""(?:^|\.)(?:([A-Za-z0-9_-]+)|("(?:[^"\\]|\\.)*"))|\[(\d+)\]""")
_OPENS_TOML = ("[", "{", '"', "'")


@frozen
class Override:
    """One value to put in: the key's steps as typed, the value, and how the user typed it."""

    steps: tuple[str, ...]
    value: object
    label: str


def parse_set(text: str, problems: Problems) -> Override | None:
    """Return what the argument of one `--set` says; where it says nothing, note the mistake.

    Steps are separated by dots; list items are named by index (`stage.0`, `stage[0]`) or by name.
    The value is TOML; what is no TOML value is a text, so that bare words need no quotes.
    """
    label = f"--set {text}"
    steps, end = _steps(text)
    if not steps or text[end : end + 1] != "=":
        example = "expected key.path=value, as executor.workers=8"
        problems.note(Mistake(label, "", "", example))
        return None
    written = text[end + 1 :].strip()
    try:
        return Override(steps, _toml(written), label)
    except (ValueError, RecursionError):
        if not written.startswith(_OPENS_TOML):
            return Override(steps, written, label)
    problems.note(Mistake(label, "", written, "expected a TOML value"))
    return None


def apply(document: dict[str, object], override: Override, problems: Problems) -> None:
    """Put the override's value into `document`, making the tables on its way."""
    at: KeyPath = ()
    here: object = document
    for number, step in enumerate(override.steps, 1):
        key = _key(here, step, at, problems, override.label)
        if key is None:
            return
        at = (*at, key)
        if number == len(override.steps):
            here[key] = override.value  # type: ignore[index]  # _key saw that it has this place
            problems.labels[at] = override.label
        elif isinstance(here, dict):
            here = here.setdefault(key, {})
        else:
            here = here[key]  # type: ignore[index]  # a list with this index


def _steps(text: str) -> tuple[tuple[str, ...], int]:
    steps: list[str] = []
    end = 0
    while match := _STEP.match(text, end):
        bare, quoted, index = match.groups()
        steps.append(str(json.loads(quoted)) if quoted else bare or index)
        end = match.end()
    return tuple(steps), end


def _toml(text: str) -> object:
    document = tomllib.loads(f"value = {text}", parse_float=Decimal)
    if list(document) != ["value"]:
        raise ValueError(text)
    return document["value"]


def _key(here: object, step: str, at: KeyPath, problems: Problems, label: str) -> str | int | None:
    """Return the key or index that `step` means in `here`, or None after noting the mistake."""
    if isinstance(here, dict):
        return step
    if not isinstance(here, list):
        problems.add(at, toml_text(here), f"is no table, so it has no '{step}'", source=label)
        return None
    if step.isdecimal() and int(step) < len(here):
        return int(step)
    names = _item_names(here)
    if step in names:
        return names.index(step)
    found = f"{len(here)} item{'' if len(here) == 1 else 's'}, none of them '{step}'"
    hint = did_you_mean(step, filter(None, names))
    problems.add(at, found, "expected an index or a name", hint, source=label)
    return None


def _item_names(items: Sequence[object]) -> list[str]:
    """Return the name of each list item: its `name`, else its `use`, else nothing."""
    tables = (item if isinstance(item, dict) else {} for item in items)
    return [str(table.get("name", table.get("use", ""))) for table in tables]
