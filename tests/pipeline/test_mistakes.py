"""Broken pipelines, spaces and plugins, each with every line that its user is told."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import attrs
import pytest

from leanopt_core.errors import LeanoptError
from leanopt_core.plugins import Registry, discover

TABLE = sorted((Path(__file__).parent / "mistakes").glob("*.toml"))
CASES = {
    f"{file.stem}: {case['what']}": case
    for file in TABLE
    for case in tomllib.loads(file.read_text(encoding="utf-8"))["case"]
}

#: A plugin with one stage; `{options}` is the body of the options class.
STAGE = """
from enum import Enum, StrEnum
from attrs import field, frozen, validators
from leanopt_core.api import hookimpl
from leanopt_core.specs import StageSpec

class Colour(Enum):
    RED = "red"
    GREEN = "green"

class Size(StrEnum):
    SMALL = "small"
    LARGE = "large"

@frozen
class Options:
    {options}

LEANOPT_API_VERSION = 2

@hookimpl
def leanopt_stages():
    return [StageSpec({stage})]

def make(options, start):
    return None
"""
DEMO = (('use = "ga"', 'use = "demo"'),)


@pytest.mark.long
@pytest.mark.parametrize("name", CASES)
def test_told(name, sound, load, registry, install) -> None:
    """Every mistake is said, with its place, what was found, what was expected, and a way on."""
    case: dict[str, Any] = CASES[name]
    plugins = _plugins(case)
    for distribution, source in plugins.items():
        install(distribution, source)
    default = DEMO if plugins else ()
    text = case.get("text", sound)
    for old, new in case.get("edits", default):
        assert old in text
        text = text.replace(old, new, 1)
    core = discover({"LEANOPT_PLUGINS": ""})
    installed = core if case.get("bare") else _with(registry, plugins)
    assert _told(load, text, installed, case.get("sets", [])) == case["says"]


def test_the_table_is_as_long_as_promised() -> None:
    """At least 60 broken cases, of all sorts; names are unique."""
    assert [file.stem for file in TABLE] == [
        *("choose", "cpcv", "holdout", "objectives", "pipelines", "plugins", "prune", "spaces"),
        "walk_forward",
    ]
    written = sum(file.read_text(encoding="utf-8").count("[[case]]") for file in TABLE)
    assert written == len(CASES) >= 60


def _plugins(case: dict[str, Any]) -> dict[str, str]:
    """Return the sources to install, by distribution."""
    stage = case.get("stage", '"demo", "demo_x:make", Options' if "options" in case else None)
    made = STAGE.format(stage=stage, options=case.get("options", "pass")) if stage else None
    sources = {"demo-x": case.get("x", made), "demo-y": case.get("y")}
    return {name: source for name, source in sources.items() if source is not None}


def _with(registry: Registry, plugins: dict[str, str]) -> Registry:
    if not plugins:
        return registry
    found = discover({"LEANOPT_PLUGINS": ",".join(plugins)})
    return attrs.evolve(found, entries={**registry.entries, **found.entries})


def _told(load, text: str, registry: Registry, sets: list[str]) -> list[str]:
    """Return what a user is told on the way from a file to plugins ready to work."""
    lines = [str(problem) for problem in registry.problems]
    try:
        pipeline = load(text, registry=registry, sets=sets)
        for choice in (pipeline.fitness, *(stage.choice for stage in pipeline.stages)):
            choice.registered.load()
    except LeanoptError as error:
        lines += str(error).splitlines()
    return lines
