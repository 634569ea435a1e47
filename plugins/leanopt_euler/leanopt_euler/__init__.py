"""Grids that close in on the best point: registration and options, nothing heavy."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import TYPE_CHECKING

from attrs import field, frozen, validators

from leanopt_core.api import StageSpec, hookimpl

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["EulerOptions", "leanopt_stages"]

LEANOPT_API_VERSION = 2


@frozen
class EulerOptions:
    """The options of `euler`."""

    segments: int = field(
        default=4,
        validator=validators.and_(validators.ge(2), validators.le(1000)),
        metadata={
            "help": "parts that each pass divides a parameter's range into",
            "bounds": "2 to 1000",
        },
    )
    min_step: Mapping[str, Decimal] = field(
        factory=dict,
        validator=validators.deep_mapping(
            key_validator=validators.instance_of(str), value_validator=validators.gt(0)
        ),
        metadata={
            "help": "smallest step by parameter (default: its own step)",
            "bounds": "above 0",
        },
    )


@hookimpl
def leanopt_stages() -> Sequence[StageSpec]:
    """Register the search method `euler`."""
    return [
        StageSpec(
            "euler",
            "leanopt_euler._impl:create",
            EulerOptions,
            "Coarse grid, then finer grids around the best point, as LEAN's Euler search",
        )
    ]
