"""A project that uses a broken plugin."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.blame.broken import Broken


@pytest.fixture
def broken(tmp_path: Path, leanopt) -> Broken:
    """What writes a broken plugin and runs a pipeline that uses it."""
    return Broken(tmp_path, leanopt)
