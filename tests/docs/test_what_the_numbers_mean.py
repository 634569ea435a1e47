"""The page on what the numbers mean shows what the commands show, and the limits of the verdict."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from leanopt_evidence import _verdict

from tests.docs.test_quickstart_tutorial import pattern


@pytest.fixture
def text(page: Callable[[str], str]) -> str:
    """The page."""
    return page("explanation/what-the-numbers-mean.md")


@pytest.mark.long
@pytest.mark.slow
def test_the_example_is_the_quickstart(text: str, quickstart: Path, leanopt) -> None:
    """After its first run."""
    leanopt(quickstart, "run", "pipeline.toml")
    examples = re.findall(r"^```console\n\$ leanopt (.*)\n((?:.*\n)*?)```$", text, re.MULTILINE)
    assert examples
    for line, shown in examples:
        printed = leanopt(quickstart, *line.split()).stdout
        assert pattern(shown).fullmatch(printed), printed


def test_the_limits_are_those_of_the_verdict(text: str) -> None:
    """Each sentence, and each limit in its row."""
    rows = dict(re.findall(r"^\| ([A-Z][^|]+\.) \| (.+) \|$", text, re.MULTILINE))
    assert list(rows) == list(_verdict.TEXTS.values())
    limits = {
        "luck": [str(_verdict.EVEN)],
        "some": [str(_verdict.SOME), f"{1 - _verdict.SOME:.2f}", f"{_verdict.MOST:.0%}"],
        "strong": [str(_verdict.STRONG), f"{1 - _verdict.STRONG:.2f}", f"{_verdict.LEAST:.0%}"],
    }
    for level, numbers in limits.items():
        for number in numbers:
            assert number in rows[_verdict.TEXTS[level]]
