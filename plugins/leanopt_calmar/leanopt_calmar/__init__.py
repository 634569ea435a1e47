"""Return over drawdown as the fitness: registration and options, nothing heavy."""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING, Literal

from attrs import field, frozen, validators

from leanopt_core.api import AggregateOptions, FitnessSpec, hookimpl, parse_number

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["CalmarOptions", "leanopt_fitness"]

LEANOPT_API_VERSION = 2


@frozen
class CalmarOptions(AggregateOptions):
    """The options of `calmar`."""

    min_trades: int = field(
        default=30,
        validator=validators.ge(0),
        metadata={
            "help": "minimum number of closed trades",
            "bounds": "0 or more",
        },
    )
    min_profit_factor: float | None = field(
        default=None,
        validator=validators.optional(validators.and_(validators.ge(0), validators.lt(inf))),
        metadata={"help": "minimum profit factor", "bounds": "0 or more"},
    )
    max_drawdown_limit: float | str | None = field(
        default=None,
        metadata={
            "help": "maximum drawdown, as 0.25 or '25%'",
            "bounds": "above 0, at most 1",
        },
    )
    form: Literal["ratio", "log_trades"] = field(
        default="ratio",
        validator=validators.in_(("ratio", "log_trades")),
        metadata={"help": "'ratio', or 'log_trades' to weight by the number of trades"},
    )

    @max_drawdown_limit.validator
    def _check_limit(self, _attribute: object, value: float | str | None) -> None:
        limit = parse_number(value) if isinstance(value, str) else value
        if value is not None and (limit is None or not 0 < limit <= 1):
            raise ValueError("expected a share of the peak above 0 and up to 1, as 0.25 or '25%'")


@hookimpl
def leanopt_fitness() -> Sequence[FitnessSpec]:
    """Register the fitness function `calmar`."""
    return [
        FitnessSpec(
            "calmar",
            "leanopt_calmar._impl:create",
            CalmarOptions,
            "Compound annual return over maximum drawdown, with minimum requirements",
        )
    ]
