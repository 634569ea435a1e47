"""What models see of many trials, so that an ask costs no more after ten times as many."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from attrs import define, field
from numpy.random import default_rng

from leanopt_core.api import derive_seed
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
            self._chosen = start, self._choose(start)
        return self.archive.part(np.append(self._chosen[1], np.arange(start, told)))

    def _choose(self, start: int) -> Ints:
        """Return half of the trials by merit, the others at random; in order."""
        order = np.argsort(-self.archive.scores(start), kind="stable")
        random = default_rng(derive_seed(self.seed, "seen", start))
        others = random.choice(order[SEEN // 2 :], SEEN // 2, replace=False)
        return np.sort(np.concatenate([order[: SEEN // 2], others]))
