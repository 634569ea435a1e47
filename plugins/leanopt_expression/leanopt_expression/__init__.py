"""A formula over statistics as the fitness: registration and options, nothing heavy."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from attrs import field, frozen, validators

from leanopt_core.api import FitnessSpec, ScenarioOptions, hookimpl

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["ExpressionOptions", "leanopt_fitness"]

LEANOPT_API_VERSION = 2


@frozen(kw_only=True)
class ExpressionOptions(ScenarioOptions):
    """The options of `expression`."""

    formula: str = field(
        metadata={
            "help": "formula over statistics, as [Sharpe Ratio] * min(1, [Total Orders] / 100)",
            "statistics": "formula",
        }
    )
    direction: Literal["max", "min"] = field(
        default="max",
        validator=validators.in_(("max", "min")),
        metadata={"help": "which way is better"},
    )

    @formula.validator
    def _check_formula(self, _attribute: object, value: str) -> None:
        # The parser is not needed to list options.
        from leanopt_core.api import Formula, FormulaError

        try:
            Formula.parse(value)
        except FormulaError as error:
            hint = f" ({error.hint})" if error.hint else ""
            raise ValueError(f"column {error.column}: {error.message}{hint}") from None


@hookimpl
def leanopt_fitness() -> Sequence[FitnessSpec]:
    """Register the fitness function `expression`."""
    return [
        FitnessSpec(
            "expression",
            "leanopt_expression._impl:create",
            ExpressionOptions,
            "A formula over statistics in square brackets",
        )
    ]
