"""Random search: registration, nothing heavy."""

from __future__ import annotations

from typing import TYPE_CHECKING

from leanopt_core.api import StageSpec, hookimpl

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["leanopt_stages"]

LEANOPT_API_VERSION = 2


@hookimpl
def leanopt_stages() -> Sequence[StageSpec]:
    """Register the search method `random`."""
    return [
        StageSpec(
            "random",
            "leanopt_random._impl:create",
            help="Points drawn at random, without repeats",
        )
    ]
