"""The quickstart as its user has it: files in a folder, imported from there."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

QUICKSTART = Path(__file__).parents[2] / "examples" / "quickstart"


def load(path: Path) -> ModuleType:
    """Import a file that belongs to no package."""
    spec = importlib.util.spec_from_file_location(f"quickstart_{path.stem}", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look their module up there
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def quickstart() -> Path:
    """Return the example's folder."""
    return QUICKSTART


@pytest.fixture(scope="session")
def strategy() -> ModuleType:
    """Return the strategy's module."""
    return load(QUICKSTART / "strategy.py")


@pytest.fixture(scope="session")
def converter() -> ModuleType:
    """Return the data converter's module."""
    return load(QUICKSTART / "data" / "convert.py")
