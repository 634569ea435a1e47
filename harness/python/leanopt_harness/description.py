"""Describes a strategy: its files, its interpreter and the installed distributions."""

from __future__ import annotations

import json
from typing import Any

import leanopt_harness
from leanopt_harness.faults import STRATEGY_ERROR
from leanopt_harness.identity import distributions, harness_source, platform_text
from leanopt_harness.project import Project
from leanopt_harness.strategy import load


def describe(project: Project) -> bytes:
    """Import the strategy and return its description, one line of JSON as in `protocol.md`."""
    strategy = load(project)
    identity = strategy.identity
    description: dict[str, Any] = {
        "files": identity.files,
        "outside": identity.outside,
        "python": identity.python,
        "platform": platform_text(),
        "distributions": distributions(),
        "harness": {"version": leanopt_harness.__version__, "sha256": harness_source()},
        "identity": identity.digest,
    }
    if strategy.fault is not None:
        description["fault"] = {"category": STRATEGY_ERROR, "message": strategy.fault}
    return (json.dumps(description, separators=(",", ":")) + "\n").encode("ascii")
