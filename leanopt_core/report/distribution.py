"""The distribution of what several paths over the same days amount to."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from statistics import median, quantiles
from typing import Any

from attrs import asdict, frozen

from leanopt_core.report.known import Known
from leanopt_core.report.windows import PathReport


@frozen
class Quartiles:
    """The least, the quartiles and the most of values; `unknown` counts those that have none."""

    least: float
    lower: float
    median: float
    upper: float
    most: float
    unknown: int = 0

    @classmethod
    def of(cls, known: Iterable[Known]) -> Quartiles | None:
        """Return the quartiles of the known values, interpolated, None without one."""
        every = list(known)
        values = sorted(one.value for one in every if one.value is not None)
        if not values:
            return None
        lower, _, upper = quantiles(values, n=4, method="inclusive") if values[1:] else values * 3
        unknown = len(every) - len(values)
        return cls(values[0], lower, median(values), upper, values[-1], unknown)


@frozen
class PathDistribution:
    """Paths over the same test days, and what their joined curves amount to.

    Only paths without a gap count. `losses` are those with a return below 0. Quartiles are None if
    no path has the value.
    """

    paths: tuple[str, ...]
    total_return: Quartiles | None
    drawdown: Quartiles | None
    sharpe: Quartiles | None
    losses: int

    def to_dict(self) -> dict[str, Any]:
        """Return the distribution as JSON values."""
        return {
            "paths": list(self.paths),
            "return": self.total_return and asdict(self.total_return),
            "drawdown": self.drawdown and asdict(self.drawdown),
            "sharpe": self.sharpe and asdict(self.sharpe),
            "losses": self.losses,
        }


def distributions(paths: Iterable[PathReport]) -> tuple[PathDistribution, ...]:
    """Return the distributions of paths that test the same days and differ only by number."""
    alike: dict[tuple[str, ...], list[PathReport]] = {}
    for one in paths:
        tests = (window.test for window in one.windows)
        alike.setdefault((one.name.rpartition(" ")[0], *tests), []).append(one)
    return tuple(_distribution(several) for several in alike.values() if len(several) > 1)


def _distribution(paths: Sequence[PathReport]) -> PathDistribution:
    curves = [one.curve if _complete(one) else None for one in paths]
    gap = Known(why="the path has gaps")
    returns = [gap if one is None else one.total_return for one in curves]
    return PathDistribution(
        tuple(one.name for one in paths),
        Quartiles.of(returns),
        Quartiles.of(gap if one is None else one.drawdown for one in curves),
        Quartiles.of(gap if one is None else one.sharpe for one in curves),
        sum(one.value is not None and one.value < 0 for one in returns),
    )


def _complete(path: PathReport) -> bool:
    return all(window.state == "tested" for window in path.windows)
