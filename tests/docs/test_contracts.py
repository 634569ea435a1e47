"""The page of contracts names every class, method, argument, field and type, and no other."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterator
from enum import Enum
from importlib import import_module
from typing import get_args

import attrs
import pytest

from leanopt_core import api
from leanopt_core.space import Axis, Point, Space, Value
from leanopt_core.statistics import Statistics
from leanopt_core.work import LASTING, Category

MODULES = (
    "specs",
    "stage",
    "fitness",
    "outputs",
    "trial",
    "work",
    "engines.base",
    "check",
    "scaffold.draft",
    "scaffold.find",
    "executors.base",
    "sinks.base",
    "section",
)
CLASSES: dict[str, type] = {
    name: member
    for module in map(import_module, (f"leanopt_core.{name}" for name in MODULES))
    for name, member in vars(module).items()
    if inspect.isclass(member) and member.__module__ == module.__name__
}
CONTRACT = {name for name in CLASSES if not name.startswith("_")}

Page = Callable[[str], str]
Sections = Callable[[str, str], dict[str, str]]


def members(owner: type) -> Iterator[tuple[str, str]]:
    """Return what a class itself offers: name (with arguments, for a method) and type."""
    if issubclass(owner, Enum):
        yield from ((member.name, member.value) for member in owner)
        return
    if attrs.has(owner):
        inherited = attrs.fields_dict(owner.__base__) if attrs.has(owner.__base__) else {}
        fields = [field for field in attrs.fields(owner) if field.name not in inherited]
        yield from ((field.name, str(field.type)) for field in fields)
    for name, defined in vars(owner).items():
        if name.startswith("_") and name != "__call__":
            continue
        member = defined.__func__ if isinstance(defined, classmethod) else defined
        if isinstance(member, property):
            yield name, member.fget.__annotations__["return"]
        elif inspect.isfunction(member):
            yield f"{name}({', '.join(_arguments(member))})", member.__annotations__["return"]


def _arguments(method: Callable[..., object]) -> Iterator[str]:
    """Yield the arguments, those that are passed by name with their default after a star."""
    starred = False
    for name, one in inspect.signature(method).parameters.items():
        by_name = one.kind is inspect.Parameter.KEYWORD_ONLY
        if by_name and not starred:
            starred = True
            yield "*"
        if name not in ("self", "cls"):
            yield f"{name}={one.default}" if by_name else name


@pytest.fixture
def contracts(page: Page, sections: Sections) -> dict[str, str]:
    """The page's sections by class."""
    found: dict[str, str] = {}
    for text in sections(page("reference/contracts.md"), "##").values():
        found |= {title.strip("`"): body for title, body in sections(text, "###").items()}
    return found


def test_every_class_has_a_section_and_no_other_has(contracts: dict[str, str]) -> None:
    """One section for each public class of the modules of contracts."""
    assert set(contracts) == CONTRACT


def test_every_class_is_in_the_api() -> None:
    """A plugin imports each from one module."""
    for name in CONTRACT:
        assert getattr(api, name) is CLASSES[name]


@pytest.mark.parametrize("name", sorted(CLASSES))
def test_a_section_lists_what_the_class_offers(contracts: dict[str, str], name: str) -> None:
    """Names, arguments and types, in the class's order."""
    rows = re.findall(r"^\| `(.+?)` \| `(.+?)` \| .+ \|$", contracts[name], flags=re.MULTILINE)
    listed = [(member, kind.replace("\\|", "|")) for member, kind in rows]
    assert listed == list(members(CLASSES[name]))


@pytest.mark.parametrize("name", [name for name in sorted(CLASSES) if name.endswith("Spec")])
def test_what_a_factory_is_called_with_is_quoted(contracts: dict[str, str], name: str) -> None:
    """The specification's own words."""
    if name != "PluginSpec":
        assert inspect.getdoc(CLASSES[name]) in contracts[name]


def test_space_and_statistics_have_what_the_page_promises(page: Page) -> None:
    """The two values that have pages of their own in the code."""
    text = page("reference/contracts.md").partition("## Space and statistics")[2]
    offered = {"space": Space, "axis": Axis, "statistics": Statistics}
    quoted = set(re.findall(r"\b(space|axis|statistics)\.(\w+)", text))
    assert {owner for owner, _ in quoted} == set(offered)
    for owner, name in quoted:
        assert name in dir(offered[owner]), f"{owner}.{name}"


def test_calls_are_written_with_their_arguments(page: Page) -> None:
    """Those of `Space` and `Statistics`; arguments with a default may be left out."""
    text = page("reference/contracts.md").partition("## Space and statistics")[2]
    offered = {"space": Space, "statistics": Statistics}
    calls = re.findall(r"\b(space|statistics)\.(\w+)\((.*?)\)", text)
    assert calls
    for owner, name, written in calls:
        own = inspect.signature(getattr(offered[owner], name)).parameters.values()
        arguments = [one.name for one in own if one.name != "self"]
        needed = [one.name for one in own if one.name != "self" and one.default is one.empty]
        given = written.split(", ") if written else []
        assert len(needed) <= len(given), f"{owner}.{name}"
        assert given == arguments[: len(given)], f"{owner}.{name}"


def test_the_failures_that_later_runs_rely_on_are_named(page: Page) -> None:
    """In the order of the categories."""
    lasting = [f"`{category}`" for category in Category if category in LASTING]
    said = f"A later run relies on a stored {' and '.join(lasting)} as on a result"
    assert said in page("reference/contracts.md")


def test_the_two_short_names_are_spelt_out(page: Page) -> None:
    """`Point` and `Value`, as the code has them."""
    rules = " ".join(page("reference/contracts.md").partition("## Specifications")[0].split())
    assert f"`Point` is a `{Point}`" in rules
    names = [one.__name__ for one in get_args(Value)]
    assert f"`Value` is `{' | '.join(names)}`" in rules
