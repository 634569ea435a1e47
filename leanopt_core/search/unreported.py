"""Notice statistics that a pipeline names and no backtest reports."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from leanopt_core.pipeline.statistic_names import NamedStatistic
from leanopt_core.work import Outcome


class UnreportedCheck:
    """Warns of named statistics that the first completed backtest lacks."""

    def __init__(self, named: Iterable[NamedStatistic]) -> None:
        self._named = tuple(named)

    @property
    def open(self) -> bool:
        """Return whether it waits for a completed backtest."""
        return bool(self._named)

    def saw(self, outcomes: Iterable[Outcome]) -> Iterator[str]:
        """Take the outcomes of a told trial; yield the warnings, once."""
        if not self._named:
            return
        first = next((one.statistics for one in outcomes if one.statistics is not None), None)
        if first is None:
            return
        named, self._named = self._named, ()
        for one in named:
            if not first.has(one.name):
                said = f"{first.missing(one.name)} (among those of the first completed backtest)"
                yield f"{one.key}: {said}"
