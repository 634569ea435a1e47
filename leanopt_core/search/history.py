"""The told trials of a search in a few bytes each, with lookup by point."""

from __future__ import annotations

from array import array
from collections.abc import Collection, Iterator, Mapping, Sequence
from heapq import nsmallest
from itertools import chain
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


class NamedValues:
    """A column for each name that a fitness function has given a value: 8 bytes a value.

    NaN means "no value" inside the columns only and never leaves them.
    """

    def __init__(self) -> None:
        self._columns: dict[str, array[float]] = {}

    @property
    def names(self) -> Collection[str]:
        """Return the names, sorted."""
        return self._columns

    def add(self, position: int, values: Mapping[str, float]) -> None:
        """Add the values of the trial at `position`, the next one."""
        if not values.keys() <= self._columns.keys():
            new = {name: array("d", [nan]) * position for name in values}
            self._columns = dict(sorted((new | self._columns).items()))
        for name, column in self._columns.items():
            column.append(values.get(name, nan))

    def at(self, position: int) -> dict[str, float]:
        """Return the values of the trial at `position`, by name."""
        values = ((name, column[position]) for name, column in self._columns.items())
        return {name: value for name, value in values if not isnan(value)}


class Objectives:
    """Several objectives of each trial in one column: 8 bytes each; no column for a single one.

    NaN means "no objectives" inside the column only and never leaves it.
    """

    def __init__(self) -> None:
        self._column = array("d")
        self._width = 0

    def __bool__(self) -> bool:
        """Return whether any trial has several objectives."""
        return self._width > 0

    def add(self, position: int, objectives: Sequence[float]) -> None:
        """Add the objectives of the trial at `position`, the next one; none if it has no fitness.

        All that have some have as many: several.
        """
        if not self._width:
            self._width = len(objectives)
            self._column = array("d", [nan]) * (position * self._width)
        self._column.extend(objectives or [nan] * self._width)

    def at(self, position: int) -> tuple[float, ...] | None:
        """Return those of the trial at `position`, None if trials have one at most."""
        if not self._width:
            return None
        found = self._column[position * self._width : (position + 1) * self._width]
        return () if isnan(found[0]) else tuple(found)


class ToldHistory(History):
    """Columns instead of objects: number, grid index, objective, violation, named values.

    An open-addressing table of positions finds a point. In all this takes under 64 bytes per trial
    on grids of up to 10**50 points, about 40 on one of 10**12, and 8 for each named value
    and each of several objectives.
    """

    def __init__(self, space: Space) -> None:
        self._space = space
        self._numbers = array("I")
        small = space.grid_size <= 2**32
        self._indices = array("I") if small else GridIndices(space.grid_size)
        # NaN means "no objective" inside this column only and never leaves it.
        self._objectives = array("d")
        self._violations = array("d")
        # The last step that judged a trial, from 1; 0 if it is complete.
        self._steps = array("H")
        self._values = NamedValues()
        self._several = Objectives()
        self._slots = array("I", [0]) * _START
        self._shift = 65 - _START.bit_length()

    def add(self, trial: Trial, grid_index: int) -> None:
        """Add a told trial whose point has the grid index `grid_index`."""
        score = trial.score
        if score.values or self._values.names:
            self._values.add(len(self._numbers), score.values)
        if len(score.objectives) > 1 or self._several:
            self._several.add(len(self._numbers), score.objectives)
        self._numbers.append(trial.number)
        self._indices.append(grid_index)
        self._objectives.append(nan if score.objective is None else score.objective)
        self._violations.append(score.violation)
        self._steps.append(0 if score.pruned_at is None else score.pruned_at + 1)
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
        # Fibonacci hashing takes the product's upper bits: they depend on every bit of the index,
        # so that neither neighbours nor multiples of a power of two meet; probing stays short.
        slot = (hash(grid_index) * _GOLDEN & _WORD) >> self._shift
        while (position := slots[slot]) and indices[position - 1] != grid_index:
            slot = (slot + 1) & len(slots) - 1
        return slot

    def _grow(self) -> None:
        self._slots = array("I", [0]) * (2 * len(self._slots))
        self._shift -= 1
        for position in range(len(self)):
            self._slots[self._slot(self._indices[position])] = position + 1

    def _told(self, position: int) -> Told:
        objective = self._objectives[position]
        several = self._several.at(position)
        return Told(
            self._numbers[position],
            self._space.point_at(self._indices[position]),
            None if isnan(objective) else objective,
            self._violations[position],
            self._values.at(position),
            self._steps[position] - 1 if self._steps[position] else None,
            *(() if several is None else (several,)),
        )

    def rank_key(self, position: int) -> tuple[int, float, int]:
        """Return the key that sorts the trial at `position` by rank, best first."""
        objective = self._objectives[position]
        known = None if isnan(objective) else objective
        complete = self._steps[position] == 0
        merits = merit(known, self._violations[position], complete=complete)
        return (*merits, self._numbers[position])

    def since(self, start: int, stop: int | None = None) -> HistorySlice:
        """Return the trials from position `start` up to `stop` (exclusive; None: the end)."""
        return HistorySlice(self, (range(start, len(self) if stop is None else stop),))

    def joined(self, spans: Sequence[range]) -> HistorySlice:
        """Return the trials of several spans of positions, which must be in order."""
        return HistorySlice(self, spans)

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
    """Spans of a history, such as the trials of some stages; holds no data of its own."""

    def __init__(self, history: ToldHistory, spans: Sequence[range]) -> None:
        self._history = history
        self._spans = spans

    def best(self, count: int) -> list[Told]:
        """Return up to `count` trials by rank, best first."""
        positions = chain.from_iterable(self._spans)
        ranked = nsmallest(count, positions, key=self._history.rank_key)
        return [self._history[position] for position in ranked]

    def find(self, point: Point) -> Told | None:
        """Return the trial of this grid point, None if it is not in the slice."""
        position = self._history.position(point)
        if position is None or not any(position in span for span in self._spans):
            return None
        return self._history[position]

    def _position(self, index: int) -> int:
        """Return the position in the whole history; raises IndexError beyond the slice."""
        if index < 0:
            index += len(self)
        for span in self._spans:
            if 0 <= index < len(span):
                return span[index]
            index -= len(span)
        raise IndexError("history index out of range")

    @overload
    def __getitem__(self, index: int) -> Told: ...
    @overload
    def __getitem__(self, index: slice) -> list[Told]: ...
    def __getitem__(self, index: int | slice) -> Told | list[Told]:
        if isinstance(index, slice):
            positions = map(self._position, range(*index.indices(len(self))))
            return [self._history[position] for position in positions]
        return self._history[self._position(index)]

    def __iter__(self) -> Iterator[Told]:
        return (self._history[position] for position in chain.from_iterable(self._spans))

    def __len__(self) -> int:
        return sum(map(len, self._spans))
