"""The distribution of what several paths over the same days amount to."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from attrs import asdict, frozen

from leanopt_core.report.spread import Distribution
from leanopt_core.report.windows import PathReport


@frozen
class PathDistribution:
    """Paths over the same test days, and what their joined curves amount to.

    Only paths without a gap count. `losses` are those with a return below 0.
    """

    paths: tuple[str, ...]
    total_return: Distribution
    drawdown: Distribution
    sharpe: Distribution
    losses: int

    def to_dict(self) -> dict[str, Any]:
        """Return the distribution as JSON values."""
        return {
            "paths": list(self.paths),
            "return": self._document(self.total_return),
            "drawdown": self._document(self.drawdown),
            "sharpe": self._document(self.sharpe),
            "losses": self.losses,
        }

    def _document(self, found: Distribution) -> dict[str, Any] | None:
        unknown = len(self.paths) - found.count
        return {**asdict(found), "unknown": unknown} if found.count else None


def distributions(paths: Iterable[PathReport]) -> tuple[PathDistribution, ...]:
    """Return the distributions of paths that test the same days and differ only by number."""
    alike: dict[tuple[str, ...], list[PathReport]] = {}
    for one in paths:
        tests = (window.test for window in one.windows)
        alike.setdefault((one.name.rpartition(" ")[0], *tests), []).append(one)
    return tuple(_distribution(several) for several in alike.values() if len(several) > 1)


def _distribution(paths: Sequence[PathReport]) -> PathDistribution:
    curves = [one.curve if _complete(one) else None for one in paths]
    returns = [None if one is None else one.total_return.value for one in curves]
    return PathDistribution(
        tuple(one.name for one in paths),
        Distribution.of(returns),
        Distribution.of(None if one is None else one.drawdown.value for one in curves),
        Distribution.of(None if one is None else one.sharpe.value for one in curves),
        sum(one is not None and one < 0 for one in returns),
    )


def _complete(path: PathReport) -> bool:
    return all(window.state == "tested" for window in path.windows)
