"""The told trials of a search in a few bytes each, with lookup by point."""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from heapq import nsmallest
from math import isnan, nan
from typing import overload

from leanopt_core.ranking import merit
from leanopt_core.space import Point, Space
from leanopt_core.stage import History, Told
from leanopt_core.trial import Trial

_WORD = 2**64 - 1
_GOLDEN = 0x9E3779B97F4A7C15
_START = 8


class GridIndices:
    """A column of grid indexes, in as few bytes as the largest index of the grid needs."""

    def __init__(self, grid_size: int) -> None:
        self._width = max(1, ((grid_size - 1).bit_length() + 7) // 8)
        self._bytes = bytearray()

    def append(self, grid_index: int) -> None:
        """Add an index below the grid's size."""
        self._bytes += grid_index.to_bytes(self._width, "little")

    def __getitem__(self, position: int) -> int:
        start = position * self._width
        return int.from_bytes(self._bytes[start : start + self._width], "little")


class ToldHistory(History):
    """Columns instead of objects: number, grid index, objective and violation.

    An open-addressing table of positions finds a point. In all this takes under 64 bytes per trial
    on grids of up to 10**50 points, about 40 on one of 10**12.
    """

    def __init__(self, space: Space) -> None:
        self._space = space
        self._numbers = array("I")
        self._indices = GridIndices(space.grid_size)
        # NaN means "no objective" inside this column only and never leaves it.
        self._objectives = array("d")
        self._violations = array("d")
        self._slots = array("I", [0]) * _START

    def add(self, trial: Trial, grid_index: int) -> None:
        """Add a told trial whose point has the grid index `grid_index`."""
        score = trial.score
        self._numbers.append(trial.number)
        self._indices.append(grid_index)
        self._objectives.append(nan if score.objective is None else score.objective)
        self._violations.append(score.violation)
        if 3 * len(self._numbers) > 2 * len(self._slots):
            self._grow()
        else:
            self._slots[self._slot(grid_index)] = len(self._numbers)

    def knows(self, grid_index: int) -> bool:
        """Return whether the point with this grid index has been told."""
        return self._slots[self._slot(grid_index)] != 0

    def position(self, point: Point) -> int | None:
        """Return the position of the told trial of this point, None if there is none."""
        found = self._slots[self._slot(self._space.grid_index(point))]
        return found - 1 if found else None

    def find(self, point: Point) -> Told | None:
        """Return the trial of this grid point, None if it has not been told."""
        position = self.position(point)
        return None if position is None else self._told(position)

    def _slot(self, grid_index: int) -> int:
        """Return the slot that holds `grid_index`, or the free slot for it."""
        slots, indices = self._slots, self._indices
        mask = len(slots) - 1
        # Fibonacci hashing takes the product's upper bits: they depend on every bit of the index,
        # so that neither neighbours nor multiples of a power of two meet; probing stays short.
        slot = (hash(grid_index) * _GOLDEN & _WORD) >> 64 - mask.bit_length()
        while (position := slots[slot]) and indices[position - 1] != grid_index:
            slot = (slot + 1) & mask
        return slot

    def _grow(self) -> None:
        self._slots = array("I", [0]) * (2 * len(self._slots))
        for position in range(len(self)):
            self._slots[self._slot(self._indices[position])] = position + 1

    def _told(self, position: int) -> Told:
        objective = self._objectives[position]
        return Told(
            self._numbers[position],
            self._space.point_at(self._indices[position]),
            None if isnan(objective) else objective,
            self._violations[position],
        )

    def rank_key(self, position: int) -> tuple[int, float, int]:
        """Return the key that sorts the trial at `position` by rank, best first."""
        objective = self._objectives[position]
        known = None if isnan(objective) else objective
        return (*merit(known, self._violations[position]), self._numbers[position])

    def since(self, start: int, stop: int | None = None) -> HistorySlice:
        """Return the trials from position `start` up to `stop` (exclusive; None: the end)."""
        return HistorySlice(self, start, len(self) if stop is None else stop)

    def best(self, count: int) -> list[Told]:
        """Return up to `count` trials by rank, best first."""
        return self.since(0).best(count)

    @overload
    def __getitem__(self, index: int) -> Told: ...
    @overload
    def __getitem__(self, index: slice) -> list[Told]: ...
    def __getitem__(self, index: int | slice) -> Told | list[Told]:
        if isinstance(index, slice):
            return [self._told(position) for position in range(*index.indices(len(self)))]
        return self._told(range(len(self))[index])

    def __len__(self) -> int:
        return len(self._numbers)


class HistorySlice(History):
    """A slice of a history, such as one stage's trials; holds no data of its own."""

    def __init__(self, history: ToldHistory, start: int, stop: int) -> None:
        self._history = history
        self._range = range(start, stop)

    def best(self, count: int) -> list[Told]:
        """Return up to `count` trials by rank, best first."""
        return [
            self._history[position]
            for position in nsmallest(count, self._range, key=self._history.rank_key)
        ]

    def find(self, point: Point) -> Told | None:
        """Return the trial of this grid point, None if it is not in the slice."""
        position = self._history.position(point)
        if position is None or position not in self._range:
            return None
        return self._history[position]

    @overload
    def __getitem__(self, index: int) -> Told: ...
    @overload
    def __getitem__(self, index: slice) -> list[Told]: ...
    def __getitem__(self, index: int | slice) -> Told | list[Told]:
        if isinstance(index, slice):
            return [self._history[position] for position in self._range[index]]
        return self._history[self._range[index]]

    def __iter__(self) -> Iterator[Told]:
        return (self._history[position] for position in self._range)

    def __len__(self) -> int:
        return len(self._range)
