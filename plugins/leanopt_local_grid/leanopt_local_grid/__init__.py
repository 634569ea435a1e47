"""The neighbourhood of the best points: registration and options, nothing heavy."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import field, frozen, validators

from leanopt_core.api import StageSpec, hookimpl

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["LocalGridOptions", "leanopt_stages"]

LEANOPT_API_VERSION = 2


@frozen
class LocalGridOptions:
    """The options of `local_grid`."""

    top_n: int = field(
        default=5,
        validator=validators.ge(1),
        metadata={
            "help": "number of best trials to search around",
            "bounds": "1 or more",
        },
    )
    radius: int = field(
        default=1,
        validator=validators.and_(validators.ge(1), validators.le(1000)),
        metadata={
            "help": "steps that each parameter may differ, in any combination",
            "bounds": "1 to 1000",
        },
    )
    max_neighbors: int | None = field(
        default=None,
        validator=validators.optional(validators.ge(1)),
        metadata={
            "help": "most new points around each of them, nearest first",
            "bounds": "1 or more",
        },
    )
    climb: bool = field(
        default=False,
        metadata={"help": "continue around each better point until no neighbour is better"},
    )


@hookimpl
def leanopt_stages() -> Sequence[StageSpec]:
    """Register the search method `local_grid`."""
    return [
        StageSpec(
            "local_grid",
            "leanopt_local_grid._impl:create",
            LocalGridOptions,
            "Neighbours of the best points so far; can climb from them",
        )
    ]
