"""Strategies of which every point was backtested, kept as an array: `data/NAME.npz` (NumPy).

A file holds `fitness` (float32, one number a point in row-major order of the axes, NaN where a
point has no fitness), `names`, and the values of each axis as `axis0`, `axis1`, ... Texts are
choices. `constraints` lists the constraints between parameters, if the strategy has any.
"""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from landscapes._landscape import Landscape, allowed
from leanopt_core.space import Axis, ParameterConstraint, Space

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

DATA: Final = Path(__file__).parent / "data"
ABOUT: Final = {
    "aapl": "buying RSI pullbacks above a moving average on AAPL, ATR stops; many basins",
    "ibm_reversion": "reversion to the mean on IBM, 1998-2021, Sharpe ratio; two choices",
    "rotation": "momentum rotation over five shares and funds, 2006-2021, return over drawdown",
}


def landscape(name: str) -> Landscape:
    """Return the landscape of a file."""
    with np.load(array_file(name)) as held:
        kept = dict(held)
    space = space_of(kept)
    fitness = kept["fitness"].astype(np.float64)
    nothing = np.zeros_like(fitness)
    keeping = allowed(space) if space.constraints else None
    return Landscape(name, ABOUT[name], space, fitness, nothing, keeping)


def array_file(name: str) -> Path:
    """Return where the fitness of a landscape's points is kept."""
    return DATA / f"{name}.npz"


def space_of(kept: Mapping[str, NDArray[Any]]) -> Space:
    """Return the space that a file describes."""
    names = [str(name) for name in kept["names"]]
    axes = [_axis(name, kept[f"axis{i}"]) for i, name in enumerate(names)]
    known = {axis.name: axis for axis in axes}
    texts = kept.get("constraints", ())
    return Space(axes, constraints=[ParameterConstraint.parse(str(one), known) for one in texts])


def _axis(name: str, values: NDArray[Any]) -> Axis:
    if values.dtype.kind == "U":
        return Axis.choices(name, [str(value) for value in values])
    if values.dtype.kind == "i":
        return Axis.listed(name, [int(value) for value in values])
    return Axis.listed(name, [Decimal(str(value)) for value in values])
