"""Given points: registration and options, nothing heavy."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import TYPE_CHECKING

from attrs import field, frozen

from leanopt_core.api import StageSpec, hookimpl

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["PointsOptions", "leanopt_stages"]

LEANOPT_API_VERSION = 2


@frozen
class PointsOptions:
    """The options of `points`: a list of points, or the run that they come from."""

    points: tuple[Mapping[str, bool | int | Decimal | str], ...] = field(
        default=(),
        metadata={
            "points": True,
            "help": "points to try, in order: tables with a value for each searched parameter",
        },
    )
    from_: str | None = field(
        default=None,
        metadata={
            "points_of": "points",
            "help": "a run of this project: its trials, the best first",
        },
    )

    @from_.validator
    def _check(self, _attribute: object, run: str | None) -> None:
        if run is None and not self.points:
            raise ValueError("expected points, or the run that they are from")

    @property
    def most_trials(self) -> int | None:
        """Return the most trials of the stage, None while its points are unknown."""
        return None if self.from_ is not None else len(self.points)


@hookimpl
def leanopt_stages() -> Sequence[StageSpec]:
    """Register the search method `points`."""
    return [
        StageSpec(
            "points",
            "leanopt_points._impl:create",
            PointsOptions,
            "Points that you give, or those of another run",
        )
    ]
