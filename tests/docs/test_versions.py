"""The page of versions says today's numbers."""

from __future__ import annotations

from pathlib import Path

import pytest

from leanopt_core.content import KEY_VERSION
from leanopt_core.hookspecs import API_VERSION
from leanopt_core.pipeline import PLAN_VERSION

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "versions.md"


@pytest.mark.parametrize(
    ("row", "number"),
    [
        ("plugin contracts", API_VERSION),
        ("search plan", PLAN_VERSION),
        ("content key", KEY_VERSION),
    ],
)
def test_the_table_has_todays_number(row: str, number: int) -> None:
    """In its third column."""
    [line] = [one for one in PAGE.read_text().splitlines() if one.startswith(f"| {row} |")]
    assert line.split("|")[3].strip() == str(number)
