"""Any one statistic as the fitness: registration and options, nothing heavy."""

from __future__ import annotations

from math import isfinite
from typing import TYPE_CHECKING, Literal

from attrs import field, frozen, validators

from leanopt_core.api import AggregateOptions, FitnessSpec, hookimpl, parse_number

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["StatisticOptions", "leanopt_fitness"]

LEANOPT_API_VERSION = 2


@frozen
class StatisticOptions(AggregateOptions):
    """The options of `statistic`."""

    statistic: str = field(
        validator=validators.min_len(1),
        metadata={
            "help": "name or path of the statistic, as in LEAN's optimizer",
            "statistics": "name",
        },
    )
    direction: Literal["max", "min"] = field(
        default="max",
        validator=validators.in_(("max", "min")),
        metadata={"help": "which way is better"},
    )
    target: float | str | None = field(
        default=None, metadata={"help": "value at which the search ends, as 2.0 or '25%'"}
    )

    @target.validator
    def _check_target(self, _attribute: object, value: float | str | None) -> None:
        plain = parse_number(value) if isinstance(value, str) else value
        if value is not None and (plain is None or not isfinite(plain)):
            raise ValueError("expected a number or a percentage, as 2.0 or '25%'")


@hookimpl
def leanopt_fitness() -> Sequence[FitnessSpec]:
    """Register the fitness function `statistic`."""
    return [
        FitnessSpec(
            "statistic",
            "leanopt_statistic._impl:create",
            StatisticOptions,
            "Maximize or minimize one statistic",
        )
    ]
