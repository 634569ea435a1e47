"""The page of hooks and the hook specifications say the same."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from types import FunctionType

import pytest

from leanopt_core import hookspecs

HOOKS: dict[str, FunctionType] = {
    name: hook for name, hook in vars(hookspecs).items() if name.startswith("leanopt_")
}
REGISTRATION = {
    name for name, hook in HOOKS.items() if "Spec]" in str(hook.__annotations__["return"])
}
PROMISES = ("When", "Thread", "What an exception does", "What may be returned")

Page = Callable[[str], str]
Sections = Callable[[str, str], dict[str, str]]


def heading(name: str) -> str:
    """Return the heading under which a hook belongs."""
    return f"`{name}({', '.join(inspect.signature(HOOKS[name]).parameters)})`"


@pytest.fixture
def groups(page: Page, sections: Sections) -> dict[str, dict[str, str]]:
    """The page's two groups, each with its hooks' sections."""
    return {
        title: sections(text, "###")
        for title, text in sections(page("reference/hooks.md"), "##").items()
    }


def test_every_hook_is_there_with_its_arguments_and_no_other(
    groups: dict[str, dict[str, str]],
) -> None:
    """Names, arguments and group."""
    others = HOOKS.keys() - REGISTRATION
    assert {title: set(hooks) for title, hooks in groups.items()} == {
        "Registration hooks": {heading(name) for name in REGISTRATION},
        "Stop hook": {heading(name) for name in others},
    }


@pytest.mark.parametrize("name", sorted(HOOKS))
def test_summary_and_answer_agree(groups: dict[str, dict[str, str]], name: str) -> None:
    """A hook's first line is its docstring's, followed by what it returns."""
    (text,) = (hooks[heading(name)] for hooks in groups.values() if heading(name) in hooks)
    summary = inspect.getdoc(HOOKS[name]).splitlines()[0]
    returned = HOOKS[name].__annotations__["return"]
    assert text.strip().startswith(f"{summary} Returns `{returned}`.")


@pytest.mark.parametrize("name", sorted(HOOKS))
def test_every_argument_is_explained(page: Page, sections: Sections, name: str) -> None:
    """Below the hook, or for all of them at the top of the group."""
    for text in sections(page("reference/hooks.md"), "##").values():
        shared, *_ = re.split(r"^### ", text, flags=re.MULTILINE)
        own = sections(text, "###").get(heading(name))
        if own is not None:
            for argument in inspect.signature(HOOKS[name]).parameters:
                assert f"`{argument}`" in shared + own


def test_each_group_says_when_where_and_what_an_exception_does(
    page: Page, sections: Sections
) -> None:
    """The four things that an author must know hold for a whole group."""
    for text in sections(page("reference/hooks.md"), "##").values():
        shared, *_ = re.split(r"^### ", text, flags=re.MULTILINE)
        for promise in PROMISES:
            assert f"- **{promise}:**" in shared


def test_the_summary_line_counts_and_versions_agree(page: Page) -> None:
    """The page's first sentence."""
    text = page("reference/hooks.md")
    assert f"{len(REGISTRATION)} registration hooks" in text
    assert f"{len(HOOKS) - len(REGISTRATION)} stop hook" in text
    assert f"version of the\ncontracts is {hookspecs.API_VERSION}." in text
    assert f"`LEANOPT_API_VERSION = {hookspecs.API_VERSION}`" in text
