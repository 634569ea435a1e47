"""What a run's backtests have besides statistics: asked for, stored, shown to the fitness."""

from __future__ import annotations

from typing import Final

from attrs import frozen

#: What a fitness function can need besides statistics.
NEEDS: Final = ("returns", "equity", "trades")
# What an engine is asked for: daily returns are made of the equity curve.
_ASKED: Final = {"returns": "equity", "equity": "equity", "trades": "trades"}


@frozen
class Outputs:
    """What the backtests of a run have besides statistics: some of `NEEDS`.

    `needs` are what the fitness function sees. `stored` are what the store keeps: the same, and
    the daily returns unless the pipeline turns them off.
    """

    needs: frozenset[str] = frozenset()
    stored: frozenset[str] = frozenset()

    @property
    def asked(self) -> frozenset[str]:
        """Return what an engine is asked for: `equity`, `trades`, both or none."""
        return frozenset(_ASKED[name] for name in self.needs | self.stored)
