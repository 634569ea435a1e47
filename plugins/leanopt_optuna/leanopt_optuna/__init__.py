"""Optuna's samplers: registration and options, nothing heavy."""

from __future__ import annotations

from typing import TYPE_CHECKING

from leanopt_core.api import StageSpec, hookimpl
from leanopt_optuna._options import OptunaOptions

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["OptunaOptions", "leanopt_stages"]

LEANOPT_API_VERSION = 2


@hookimpl
def leanopt_stages() -> Sequence[StageSpec]:
    """Register the search method `optuna`."""
    return [
        StageSpec(
            "optuna",
            "leanopt_optuna._impl:create",
            OptunaOptions,
            "Optuna's samplers on the grid without repeats: TPE, CMA-ES, NSGA-II and others",
        )
    ]
