"""The launcher harness is started as every harness is."""

from __future__ import annotations

from harness.python.tests.conftest import launch, run, standin

__all__ = ["launch", "run", "standin"]
