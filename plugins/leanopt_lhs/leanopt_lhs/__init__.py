"""Latin hypercube designs: registration and options, nothing heavy."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from attrs import field, frozen, validators

from leanopt_core.api import StageSpec, hookimpl

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["LhsOptions", "leanopt_stages"]

LEANOPT_API_VERSION = 2


@frozen
class LhsOptions:
    """The options of `lhs`."""

    design: Literal["random", "optimized", "sobol"] = field(
        default="random",
        validator=validators.in_(("random", "optimized", "sobol")),
        metadata={"help": "design of the points; 'optimized' and 'sobol' need SciPy"},
    )


@hookimpl
def leanopt_stages() -> Sequence[StageSpec]:
    """Register the search method `lhs`."""
    return [
        StageSpec(
            "lhs",
            "leanopt_lhs._impl:create",
            LhsOptions,
            "Latin hypercube on the grid: few points that cover every axis evenly",
        )
    ]
