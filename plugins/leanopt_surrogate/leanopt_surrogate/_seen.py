"""What models see of many trials, so that an ask costs no more after ten times as many."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from attrs import define, field

from leanopt_core.api import derive_seed
from leanopt_surrogate._models import best_half
from leanopt_surrogate._schedule import EVERY, MOST

if TYPE_CHECKING:
    from leanopt_surrogate._archive import Archive
    from leanopt_surrogate._grid import Ints

#: Models see so many of the first trials, and those that were told since.
SEEN = 768


@define
class Seen:
    """Chooses the trials for the models: all, or the best ones, some others, and the latest."""

    archive: Archive
    seed: int
    _chosen: tuple[int, Ints] = field(default=(0, np.empty(0, np.int64)), init=False)

    def now(self) -> Archive:
        """Return the archive, or a part of it that depends on the told trials only."""
        told = self.archive.told
        if told < MOST:
            return self.archive
        start = told - told % EVERY
        if self._chosen[0] != start:
            seed = derive_seed(self.seed, "seen", start)
            chosen = best_half(self.archive.scores(start), np.arange(start), SEEN, seed)
            self._chosen = start, chosen
        return self.archive.part(np.append(self._chosen[1], np.arange(start, told)))
