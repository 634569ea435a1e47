"""Backtests every point of the two landscapes that no option may see, and keeps the fitness.

    python benchmarks/landscapes/enumerate_held_out.py [DATA]

DATA is LEAN's data folder (default: the environment variable LEANOPT_LEAN_DATA). Minutes each.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))

from landscapes import enumerated, reversion, rotation

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import NDArray

#: Digits of the fitness that are kept.
DIGITS: Final = 4
STRATEGIES: Final = {"ibm_reversion": reversion, "rotation": rotation}


def contents(
    axes: Mapping[str, Sequence[Any]],
    constraints: Sequence[str],
    fitness: Callable[[Path], NDArray[np.float64]],
    data: Path,
) -> dict[str, NDArray[Any]]:
    """Return the arrays of a landscape's file."""
    values = {f"axis{i}": np.array(axis) for i, axis in enumerate(axes.values())}
    rounded = np.round(fitness(data), DIGITS).astype(np.float32)
    names, rules = np.array(list(axes)), np.array(list(constraints))
    return {"fitness": rounded, "names": names, "constraints": rules, **values}


def main(arguments: Sequence[str]) -> None:
    """Enumerate both and write their files."""
    named = arguments[0] if arguments else os.environ.get("LEANOPT_LEAN_DATA")
    if not named:
        sys.exit("no LEAN data: name its folder, or set LEANOPT_LEAN_DATA")
    for name, strategy in STRATEGIES.items():
        kept = contents(strategy.AXES, strategy.CONSTRAINTS, strategy.fitness, Path(named))
        np.savez_compressed(enumerated.array_file(name), allow_pickle=False, **kept)
        size = enumerated.array_file(name).stat().st_size
        print(f"{name}: {len(kept['fitness']):,} points, {size:,} bytes")


if __name__ == "__main__":
    main(sys.argv[1:])
