"""What the stage kit itself must do beside catching what is broken."""

from __future__ import annotations

import random
import sys
from functools import partial
from types import ModuleType

import pytest

from leanopt_core.stage import StageStart
from leanopt_core.testing.driving import Scan
from leanopt_core.testing.surroundings import elsewhere, seeded, states


def build(start: StageStart) -> Scan:
    """Build a method."""
    return Scan(start.space.sample(start.seed))


def test_what_cannot_be_imported_elsewhere_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    """At once, and not by waiting for a process that has ended."""
    only_here = ModuleType("only_here")
    only_here.build = build
    monkeypatch.setitem(sys.modules, "only_here", only_here)
    monkeypatch.setattr(build, "__module__", "only_here")
    assert elsewhere(build, 5) is None
    assert elsewhere(partial(build), 5) is None
    assert elsewhere(lambda start: Scan(start.space.sample(1)), 5) is None


def test_global_generators_are_given_back() -> None:
    """As they were before."""
    before = states()
    with seeded(3):
        first = random.random()
    with seeded(3):
        assert random.random() == first
    assert states()[: len(before)] == before
