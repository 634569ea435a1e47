"""Landscapes for search methods: spaces whose every point is known, and so is the best."""

from __future__ import annotations

from functools import cache, partial
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from landscapes import enumerated, lean, quickstart
from landscapes._landscape import Landscape
from landscapes.mixed import mixed
from landscapes.synthetic import cliff, rugged, smooth

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["HELD_OUT", "LANDSCAPES", "TUNED", "Landscape", "landscape"]

#: What was chosen on each: where a method was tuned, it looks better than it is.
TUNED: Final[Mapping[str, str]] = MappingProxyType(
    {
        "smooth": "development",
        "rugged": "development; its ripples have the shape of additive effects of levels",
        "cliff": "development",
        "nasdaq": "development",
        "sp500": "what it learns, batches, turns; nasdaq's strategy, another index",
        "mixed": "development",
        "lean_sharpe": "batches, turns; lean_calmar's backtests",
        "lean_calmar": "development: it chose an option",
        "aapl": "development",
        "ibm_reversion": "nothing: held out, another kind of strategy, run once at the end",
        "rotation": "nothing: held out, another kind of strategy, run once at the end",
    }
)
#: No option of a method is ever chosen on these.
HELD_OUT: Final = ("ibm_reversion", "rotation")

LANDSCAPES: Final[Mapping[str, Callable[[], Landscape]]] = MappingProxyType(
    {
        "smooth": smooth,
        "rugged": rugged,
        "cliff": cliff,
        "nasdaq": partial(quickstart.landscape, "nasdaq"),
        "sp500": partial(quickstart.landscape, "sp500"),
        "mixed": mixed,
        "lean_sharpe": partial(lean.landscape, "lean_sharpe"),
        "lean_calmar": partial(lean.landscape, "lean_calmar"),
        "aapl": partial(enumerated.landscape, "aapl"),
        "ibm_reversion": partial(enumerated.landscape, "ibm_reversion"),
        "rotation": partial(enumerated.landscape, "rotation"),
    }
)


@cache
def landscape(name: str) -> Landscape:
    """Return a landscape, made once a process."""
    return LANDSCAPES[name]()
