"""An array that rows are added to at no cost for those that it has."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray


class Rows:
    """Keeps room at the end of an array."""

    def __init__(self, empty: NDArray[Any]) -> None:
        self._used, self._room = len(empty), empty

    def add(self, rows: NDArray[Any]) -> NDArray[Any]:
        """Add rows and return all; what was returned before stays as it is."""
        used, self._used = self._used, self._used + len(rows)
        if self._used > len(self._room):
            old, self._room = self._room, np.empty((2 * self._used, *rows.shape[1:]), rows.dtype)
            self._room[:used] = old[:used]
        self._room[used : self._used] = rows
        return self._room[: self._used]
