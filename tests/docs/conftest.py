"""Reads the documentation's pages, and runs the real command on copies of the quickstart."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LEANOPT = Path(sys.executable).with_name("leanopt")

Page = Callable[[str], str]
Sections = Callable[[str, str], dict[str, str]]
Leanopt = Callable[..., "subprocess.CompletedProcess[str]"]


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


@pytest.fixture
def quickstart(tmp_path: Path) -> Path:
    """A folder with a copy of the quickstart at `examples/quickstart`; the copy is returned."""
    copy = tmp_path / "examples" / "quickstart"
    shutil.copytree(
        ROOT / "examples" / "quickstart",
        copy,
        ignore=shutil.ignore_patterns(".leanopt", "__pycache__", "*.jsonl"),
    )
    return copy


@pytest.fixture(scope="session")
def leanopt() -> Leanopt:
    """Run the installed command in a folder, whatever its exit code; no traceback may be seen."""

    def run(folder: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        completed = subprocess.run(
            [LEANOPT, *arguments],
            cwd=folder,
            env={**os.environ, **environment},
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
        assert "Traceback" not in completed.stderr
        return completed

    return run
