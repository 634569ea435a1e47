"""The distribution `leanopt` brings the core and every plugin beside it."""

from __future__ import annotations

import tomllib
from pathlib import Path

from packaging.requirements import Requirement

ROOT = Path(__file__).parents[2]


def table(folder: Path) -> dict[str, object]:
    """Return what a distribution says of itself."""
    return tomllib.loads((folder / "pyproject.toml").read_text())["project"]


def test_it_needs_all_that_is_ours() -> None:
    """None is forgotten, none is there no more, and versions are those that are there."""
    folders = [ROOT, *(ROOT / "plugins").glob("leanopt_*")]
    ours = {one["name"]: one["version"] for one in map(table, folders)}
    needed = [Requirement(text) for text in table(ROOT / "meta")["dependencies"]]
    assert [one.name for one in needed] == ["leanopt-core", *sorted({*ours} - {"leanopt-core"})]
    assert all(ours[one.name] in one.specifier for one in needed)
