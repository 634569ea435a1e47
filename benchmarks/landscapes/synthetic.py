"""Three made-up strategies of seven parameters, 679,140 points each: smooth, rugged, cliffs.

`u` is a parameter's level as a share of its axis, 0 to 1; `d` its distance from an optimum.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from landscapes._landscape import Landscape, levels
from leanopt_core.space import Axis, Space

if TYPE_CHECKING:
    from collections.abc import Sequence

    from landscapes._landscape import Floats

LENGTHS: Final = {"a": 14, "b": 11, "c": 9, "d": 7, "e": 7, "f": 5, "g": 2}
#: How much a parameter matters, and how much two of them hang together: a ridge on the diagonal.
WEIGHTS: Final = (6.0, 5.0, 4.0, 3.0, 2.0, 1.0, 0.2)
TOGETHER: Final = ((0, 1, -7.0), (2, 3, 4.0), (1, 4, -2.0), (3, 5, 1.5))
#: Height, width and levels of the hills' tops: the highest is narrow, the second broad.
HILLS: Final = (
    (10.0, 0.45, (11, 2, 6, 1, 5, 3, 0)),
    (8.4, 0.95, (3, 7, 2, 4, 2, 1, 1)),
    (7.0, 0.70, (2, 1, 7, 5, 0, 4, 1)),
    (6.0, 0.70, (9, 9, 1, 1, 6, 0, 0)),
)
RIPPLE: Final = 0.35
TOP: Final = (9, 7, 3, 2, 5, 3, 1)
EDGE: Final = (8, 5, 6, 4, 2, 2, 1)
#: The fall behind the cliff, and the step in which results come on its terraces.
FALL: Final = 3.0
STEP: Final = 0.5
ROUNDING: Final = 1e-9
#: Below this it never trades; above this it draws down too deep.
SILENT: Final = 0.45
DEEP: Final = 0.72
DIGITS: Final = 6


def grid() -> Space:
    """Return the space that all three share."""
    return Space([Axis.integers(name, 1, length) for name, length in LENGTHS.items()])


def smooth() -> Landscape:
    """Return one hill on a ridge."""
    space = grid()
    about = "one smooth hill; parameters act together in pairs"
    return _landscape("smooth", about, space, 10 - 3 * _bowl(_away(space, TOP)))


def rugged() -> Landscape:
    """Return four hills of different width under ripples a few levels long."""
    space = grid()
    hills = [
        height * np.exp(-sum((d / width) ** 2 for d in _away(space, top)))
        for height, width, top in HILLS
    ]
    ripples = sum(np.cos(2.1 * k + 1.3 * i) for i, k in enumerate(levels(space)))
    value = np.maximum.reduce(hills) + RIPPLE * ripples
    return _landscape("rugged", "a narrow best hill, broader lower ones, ripples", space, value)


def cliff() -> Landscape:
    """Return terraces that end at a cliff, and beside them points without a result to count."""
    space = grid()
    a, b, c, d, e, _, _ = _shares(space)
    value = 10 - 4 * _bowl(_away(space, EDGE))
    value = np.where(a - b + c > 1.0, value - FALL, value)
    value = np.floor(value / STEP + ROUNDING) * STEP
    excess = np.broadcast_to(0.5 * d + 0.4 * e + 0.3 * c - DEEP, value.shape)
    silent = np.broadcast_to(a + 0.8 * b < SILENT, value.shape)
    about = "terraces, a cliff beside the best, four points in ten without a value"
    return Landscape(
        "cliff",
        about,
        space,
        np.where(silent, np.nan, value).reshape(-1),
        np.maximum(np.round(excess, DIGITS), 0.0).reshape(-1),
    )


def _landscape(name: str, about: str, space: Space, value: Floats) -> Landscape:
    objective = np.round(value, DIGITS).reshape(-1)
    return Landscape(name, about, space, objective, np.zeros_like(objective))


def _shares(space: Space) -> list[Floats]:
    return [k / (len(axis) - 1) for k, axis in zip(levels(space), space.axes, strict=True)]


def _away(space: Space, top: Sequence[int]) -> list[Floats]:
    """Return the distance of every point from `top`, axis by axis."""
    return [
        (k - level) / (len(axis) - 1)
        for k, level, axis in zip(levels(space), top, space.axes, strict=True)
    ]


def _bowl(d: Sequence[Floats]) -> Floats:
    squares = sum(weight * one**2 for weight, one in zip(WEIGHTS, d, strict=True))
    return np.asarray(squares + sum(weight * d[i] * d[j] for i, j, weight in TOGETHER))
