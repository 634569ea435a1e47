"""Create a plugin: a complete distribution of one kind, whose conformance tests pass."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from importlib.resources import files
from pathlib import Path
from string import Template
from typing import Final

from leanopt_core.catalogue import OWN
from leanopt_core.errors import UsageError
from leanopt_core.suggest import did_you_mean

#: The kinds of plugin of `leanopt plugins new`.
KINDS: Final = ("stage", "fitness", "executor", "sink", "engine")

_NAME = re.compile(r"[a-z][a-z0-9]*([_-][a-z0-9]+)*")


def create(kind: str, name: str, folder: Path) -> list[Path]:
    """Write a distribution with a `kind` called `name` below `folder`; return its files.

    Pipelines use `name`; the distribution is `leanopt-<name>`. Raises UsageError for an unknown
    kind, an invalid name, the name of one of leanopt's own distributions, or an existing folder.
    """
    if kind not in KINDS:
        raise UsageError(f"there is no kind of plugin {kind!r}; {did_you_mean(kind, KINDS)}")
    if _NAME.fullmatch(name) is None:
        raise UsageError(
            f"found the name {name!r}, expected lowercase letters and digits with single '_' or "
            "'-' between, such as 'hill_climb'"
        )
    words = _words(name)
    if words["distribution"] in OWN:
        raise UsageError(
            f"found the name {name!r}, but {words['distribution']} is a distribution of leanopt's "
            f"own; choose another, such as 'my_{words['name']}'"
        )
    root = folder / words["distribution"]
    if root.exists():
        raise UsageError(f"{root} already exists; choose another name or folder")
    try:
        return [_written(root / path, text) for path, text in _contents(kind, words)]
    except OSError as error:
        raise UsageError(f"{root} cannot be written: {error.strerror}") from None


def _written(file: Path, text: str) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")
    return file


def _words(name: str) -> Mapping[str, str]:
    parts = re.split("[_-]", name.removeprefix("leanopt-").removeprefix("leanopt_"))
    return {
        "name": "_".join(parts),
        "distribution": "-".join(("leanopt", *parts)),
        "module": "_".join(("leanopt", *parts)),
        "title": "".join(part.capitalize() for part in parts),
    }


def _contents(kind: str, words: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Yield the path and text of each file."""
    templates = files(__package__) / "templates"
    common = Template((templates / "pyproject.toml.txt").read_text(encoding="utf-8"))
    yield "pyproject.toml", common.substitute(words, kind=kind)
    places = {"readme": "README.md", "test": f"tests/test_{words['name']}.py"}
    for template in sorted((templates / kind).iterdir(), key=lambda one: one.name):
        part = template.name.removesuffix(".txt")
        text = Template(template.read_text(encoding="utf-8")).substitute(words)
        yield places.get(part, f"{words['module']}/{part}.py"), text
    yield f"{words['module']}/py.typed", ""
