"""Exhaustive search: registration, nothing heavy."""

from __future__ import annotations

from typing import TYPE_CHECKING

from leanopt_core.api import StageSpec, hookimpl

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["leanopt_stages"]

LEANOPT_API_VERSION = 2


@hookimpl
def leanopt_stages() -> Sequence[StageSpec]:
    """Register the search method `grid`."""
    return [
        StageSpec(
            "grid",
            "leanopt_grid._impl:create",
            help="Every point of the space that satisfies the constraints, in order",
        )
    ]
