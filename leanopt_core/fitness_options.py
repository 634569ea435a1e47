"""Options that fitness functions share, light enough to list them: inherit, and add your own."""

from __future__ import annotations

from math import inf
from typing import Final, Literal, get_args

from attrs import field, frozen, validators

from leanopt_core.statistics import parse_number

Aggregate = Literal["mean", "median", "min", "max", "worst", "quantile", "weighted"]

#: Metadata of an option that is part of the search plan only if it differs from its default: so
#: that a new option changes no plan of a pipeline without it.
RARE: Final = "rare"


@frozen(kw_only=True)
class AggregateOptions:
    """How a fitness function combines the values of several scenarios."""

    aggregate: Aggregate = field(
        default="mean",
        validator=validators.in_(get_args(Aggregate)),
        metadata={"help": "how to combine the values of several scenarios"},
    )
    q: float | None = field(
        default=None,
        validator=validators.optional([validators.ge(0), validators.le(1)]),
        metadata={"help": "for 'quantile': which one, from 0 (lowest) to 1 (highest)", RARE: True},
    )

    @aggregate.validator
    def _check_aggregate(self, _attribute: object, aggregate: str) -> None:
        if aggregate == "quantile" and self.q is None:
            raise ValueError("expected q beside it, such as q = 0.2")

    @q.validator
    def _check_q(self, _attribute: object, q: float | None) -> None:
        if q is not None and self.aggregate != "quantile":
            raise ValueError('expected aggregate = "quantile" beside it')


@frozen(kw_only=True)
class ScenarioOptions(AggregateOptions):
    """The options of a fitness function that scores each scenario by itself."""

    min_trades: int = field(
        default=30,
        validator=validators.ge(0),
        metadata={"help": "minimum number of closed trades", "bounds": "0 or more"},
    )
    min_years: float = field(
        default=0.0,
        validator=[validators.ge(0), validators.lt(inf)],
        metadata={
            "help": "minimum length of the backtest in years",
            "bounds": "0 or more",
            "needs": "returns",
        },
    )


@frozen(kw_only=True)
class ReturnsOptions(ScenarioOptions):
    """The options of a fitness function of daily returns."""

    risk_free_rate: float | str = field(
        default=0.0,
        metadata={
            "help": "risk-free rate a year, as 0.02 or '2%'",
            "bounds": "above -1, at most 10",
        },
    )
    periods_per_year: float | None = field(
        default=None,
        validator=validators.optional([validators.ge(1), validators.le(10_000)]),
        metadata={
            "help": "daily returns a year (default: as many as the backtest has)",
            "bounds": "1 to 10000",
        },
    )

    @risk_free_rate.validator
    def _check_rate(self, _attribute: object, value: float | str) -> None:
        rate = parse_number(value) if isinstance(value, str) else value
        if rate is None or not -1 < rate <= 10:  # noqa: PLR2004 - stated in the message
            raise ValueError("expected a rate a year above -1 and up to 10, as 0.02 or '2%'")

    @property
    def annual_rate(self) -> float:
        """Return the risk-free rate a year as a plain number."""
        rate = self.risk_free_rate
        return (parse_number(rate) or 0.0) if isinstance(rate, str) else rate
