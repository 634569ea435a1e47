"""LEAN: registration and options, nothing heavy."""

from __future__ import annotations

from typing import TYPE_CHECKING

from leanopt_core.api import EngineSpec, hookimpl
from leanopt_lean.options import LeanStrategy
from leanopt_lean.statistic_names import STATISTICS

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["LeanStrategy", "leanopt_engines"]

LEANOPT_API_VERSION = 2


@hookimpl
def leanopt_engines() -> Sequence[EngineSpec]:
    """Register the engine `lean`."""
    return [
        EngineSpec(
            "lean",
            "leanopt_lean.engine:create",
            LeanStrategy,
            "LEAN projects in Python or C#, run by LEAN where the workers are",
            init="leanopt_lean.scaffold.draft:draft",
            imports="leanopt_lean.importing.load:translated",
            statistics=STATISTICS,
            takes=("dates", "warmup"),
        )
    ]
