"""Reads the documentation's pages, and runs the real command on copies of the quickstart."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
#: Budgets that are quick, and enough for an example that shows trial 17.
SMALL = ("--set", "stage.lhs.trials=16", "--set", "stage.random.trials=8")

Page = Callable[[str], str]
Sections = Callable[[str, str], dict[str, str]]
Leanopt = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture(scope="session")
def small() -> tuple[str, ...]:
    """Options that make a run of the quickstart small."""
    return SMALL


@pytest.fixture(scope="session")
def page() -> Page:
    """Return the text of a page below `docs`."""

    def read(name: str) -> str:
        return (ROOT / "docs" / name).read_text(encoding="utf-8")

    return read


@pytest.fixture(scope="session")
def sections() -> Sections:
    """Split a text by its headings of one level; what stands before the first is left out."""

    def split(text: str, mark: str) -> dict[str, str]:
        parts = re.split(rf"^{mark} (.+)$", text, flags=re.MULTILINE)[1:]
        return dict(zip(parts[::2], parts[1::2], strict=True))

    return split


def copied(folder: Path) -> Path:
    """Copy the quickstart to `examples/quickstart` in a folder, and return the copy."""
    copy = folder / "examples" / "quickstart"
    left = shutil.ignore_patterns(".leanopt", "__pycache__", "*.jsonl")
    shutil.copytree(ROOT / "examples" / "quickstart", copy, ignore=left)
    return copy


@pytest.fixture
def quickstart(tmp_path: Path) -> Path:
    """A copy of the quickstart, two folders below the test's own."""
    return copied(tmp_path)


@pytest.fixture(scope="session")
def searched(tmp_path_factory: pytest.TempPathFactory, leanopt: Leanopt) -> Path:
    """A copy of the quickstart with a small walk-forward and a small run, to be looked at only."""
    folder = copied(tmp_path_factory.mktemp("searched"))
    assert leanopt(folder, "run", "walk-forward.toml", *SMALL).returncode == 0
    assert leanopt(folder, "run", "pipeline.toml", *SMALL).returncode == 0
    return folder


@pytest.fixture(scope="session")
def leanopt(leanopt: Leanopt) -> Leanopt:
    """Run the installed command in a folder, whatever its exit code; no traceback may be seen."""
    return partial(leanopt, check=False, timeout=120)
