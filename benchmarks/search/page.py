"""Fills the tables into the page: what stands between a place's two markers is replaced."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


def filled(page: str, tables: Mapping[str, str]) -> str:
    """Return the page with each table in its place; KeyError if a table has none."""
    for name, table in tables.items():
        place = re.compile(f"(<!-- begin {name} -->\n).*?(<!-- end {name} -->)", re.DOTALL)
        page, count = place.subn(lambda found: f"{found[1]}\n{table}\n\n{found[2]}", page)  # noqa: B023 - called at once
        if not count:
            raise KeyError(f"the page has no place for {name}: <!-- begin {name} -->")
    return page
