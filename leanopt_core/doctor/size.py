"""Sizes as people read them."""

from __future__ import annotations

_STEP = 1024


def size(count: float) -> str:
    """Return a number of bytes in the largest unit that it fills: `23.5 GiB`."""
    for unit in ("B", "KiB", "MiB", "GiB"):
        if count < _STEP:
            return f"{count:.3g} {unit}"
        count /= _STEP
    return f"{count:.3g} TiB"
