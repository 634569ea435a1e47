"""Look at the files that strategies open while a run goes on."""

from __future__ import annotations

import time
from collections.abc import Callable

from leanopt_core.search.input_watch import EVERY, SHARE
from leanopt_core.search.opened import OpenedFiles
from leanopt_core.store.opened import OpenedSets


class OpenedWatch:
    """Looks once in `every` seconds, and less often if a look takes more than `SHARE` of the time.

    The run goes on, since each result is stored with the content that it came from. Files that its
    workers had opened and that are others now are named, each once. Whether stored results of other
    runs answer is found out again.
    """

    def __init__(
        self,
        files: OpenedFiles,
        sets: OpenedSets,
        warn: Callable[[str], object],
        *,
        every: float = EVERY,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._files = files
        self._sets = sets
        self._warn = warn
        self._every = every
        self._clock = clock
        self._due = clock() + every

    def tick(self) -> None:
        """Look if it is time; called on the thread of the store."""
        begun = self._clock()
        if begun < self._due:
            return
        self._sets.forget()
        if changed := self._files.changed():
            self._warn(
                f"files that the strategy had opened have changed during the run: "
                f"{', '.join(changed)}; trials from here on can depend on the new ones"
            )
        now = self._clock()
        self._due = now + max(self._every, (now - begun) / SHARE)
