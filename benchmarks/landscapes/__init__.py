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

__all__ = ["HELD_OUT", "LANDSCAPES", "Landscape", "landscape"]

#: Options of methods are never tuned on these.
HELD_OUT: Final = ("sp500", "lean_sharpe")

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
    }
)


@cache
def landscape(name: str) -> Landscape:
    """Return a landscape, made once a process."""
    return LANDSCAPES[name]()
