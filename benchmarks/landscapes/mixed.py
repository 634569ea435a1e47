"""A made-up strategy with choices beside numbers, and constraints between its parameters.

Each signal has a best place of its own; exits differ in what stop suits them, and one ignores it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from landscapes._landscape import Landscape, allowed, levels
from leanopt_core.space import Axis, ParameterConstraint, Space

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: Worth, then the best levels of fast, slow and hold.
SIGNALS: Final = {
    "cross": (8.2, 4, 12, 3),
    "breakout": (9.0, 12, 15, 5),
    "pullback": (10.0, 2, 17, 1),
    "momentum": (8.8, 8, 9, 2),
    "channel": (7.0, 6, 5, 4),
}
#: Worth, best level of the stop, and how much the stop matters.
EXITS: Final = {
    "close": (0.0, 3, 0.0),
    "trail": (0.8, 5, 3.0),
    "target": (0.4, 2, 2.0),
    "time": (-0.6, 3, 0.5),
}
FILTERS: Final = {"none": 0.0, "volume": 0.3, "trend": 0.5}
#: What a filter adds to the signal that it suits, and takes from the one that it spoils.
SUITS: Final = (
    ("volume", "pullback", 0.9),
    ("trend", "breakout", 0.8),
    ("trend", "pullback", -0.7),
)
CONSTRAINTS: Final = ("fast < slow", "exit != 'trail' or hold > 1", "fast + hold <= 40")
#: Holding long with a wide stop draws down too deep: levels of both together above this.
DEEP: Final = 9


def mixed() -> Landscape:
    """Return the landscape."""
    space = _space()
    signal, exits, filters, fast, slow, stop, hold = levels(space)
    worth, best_fast, best_slow, best_hold = np.array(list(SIGNALS.values())).T[:, signal]
    bonus, best_stop, matters = np.array(list(EXITS.values())).T[:, exits]
    distance = (
        5.0 * ((fast - best_fast) / 19) ** 2
        + 3.0 * ((slow - best_slow) / 19) ** 2
        + 4.0 * (fast - best_fast) * (slow - best_slow) / 19**2
        + matters * ((stop - best_stop) / 7) ** 2
        + 1.5 * ((hold - best_hold) / 5) ** 2
    )
    value = worth + bonus + _filter_worth(space, signal, filters) - 2.5 * distance
    value = np.broadcast_to(value, [len(axis) for axis in space.axes])
    excess = np.broadcast_to((stop + hold - DEEP) / DEEP, value.shape)
    return Landscape(
        "mixed",
        "three choices beside four numbers, constraints between them",
        space,
        np.round(value, 6).reshape(-1),
        np.maximum(excess, 0.0).reshape(-1),
        allowed=allowed(space),
    )


def _filter_worth(
    space: Space, signal: NDArray[np.int64], filters: NDArray[np.int64]
) -> NDArray[np.float64]:
    table = np.array(list(FILTERS.values())) + np.zeros((len(SIGNALS), 1))
    for name, suited, worth in SUITS:
        table[space.axis("signal").level(suited), space.axis("filter").level(name)] += worth
    return table[signal, filters]


def _space() -> Space:
    axes = [
        Axis.choices("signal", list(SIGNALS)),
        Axis.choices("exit", list(EXITS)),
        Axis.choices("filter", list(FILTERS)),
        Axis.integers("fast", 2, 40, 2),
        Axis.integers("slow", 10, 200, 10),
        Axis.integers("stop", 1, 8),
        Axis.listed("hold", [1, 2, 3, 5, 8, 13]),
    ]
    known = {axis.name: axis for axis in axes}
    return Space(axes, constraints=[ParameterConstraint.parse(text, known) for text in CONSTRAINTS])
