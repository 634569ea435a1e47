"""Check data and sources while a run goes on, and stop it if they have changed."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Sequence
from threading import Event, Thread
from typing import Any, Final

from attrs import frozen

from leanopt_core.closing import Closing
from leanopt_core.errors import InputsChangedError
from leanopt_core.search.inputs import Inputs
from leanopt_core.search.ledger import Ledger
from leanopt_core.store.taking_back import TakenBack
from leanopt_core.store.writer import Mark

#: Seconds between two checks.
EVERY: Final = 60.0
#: The part of the time that checks may take.
SHARE: Final = 0.01
# Seconds between two looks at a check that is waited for.
_STEP: Final = 0.1
_MISLED: Final = "another run has found a change, and this run has used results of it"
# The most files that a message names.
_MOST: Final = 5


@frozen
class _Checked:
    """A check: how far the run was when it began, and what it found."""

    mark: Mark
    changes: tuple[str, ...] = ()
    error: BaseException | None = None


class InputWatch(Closing):
    """A thread that checks the inputs of a run; a context manager.

    It checks once in `every` seconds, and less often where a check takes more than `share` of the
    time. `wake` is called when one has ended. Backtests that were recorded before a check began are
    confirmed if it finds no change; if it finds one, those since the last such check are disowned.
    """

    def __init__(
        self,
        inputs: Inputs[Any],
        ledger: Ledger,
        wake: Callable[[], None],
        *,
        every: float = EVERY,
        share: float = SHARE,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._inputs = inputs
        self._ledger = ledger
        self._wake = wake
        self._every, self._share = every, share
        self._clock = clock
        self._checked: deque[_Checked] = deque()
        self._soon, self._ended, self._closed = Event(), Event(), False
        # A daemon, since a network drive that hangs must not keep leanopt alive.
        self._thread = Thread(target=self._watch, name="inputs", daemon=True)
        if inputs:
            self._thread.start()

    def settle(self) -> None:
        """Confirm or disown backtests if a check has ended; raises InputsChangedError."""
        while self._checked:
            checked = self._checked.popleft()
            if checked.error is not None:
                raise checked.error
            if checked.changes:
                raise _changed(checked.changes, self._ledger.disown())
            if self._ledger.misled:
                raise _changed((_MISLED,), self._ledger.disown())
            self._ledger.confirm(checked.mark, self._inputs.known_at)

    def soon(self) -> None:
        """Check now, or once more if a check is under way."""
        self._soon.set()

    def finish(self, pause: Callable[[], object]) -> None:
        """Check until every recorded backtest is confirmed; raises InputsChangedError.

        `pause` is called several times a second, and may raise.
        """
        while self._ledger.unconfirmed:
            self._ended.clear()
            self.soon()
            self._ended.wait(_STEP)
            pause()
            self.settle()

    def close(self) -> None:
        """End the thread; a check under way is left to itself."""
        self._closed = True
        self._soon.set()

    def _watch(self) -> None:
        pause = self._every
        while not (self._soon.wait(pause) and self._closed):
            self._soon.clear()
            begun = self._clock()
            self._checked.append(self._check())
            self._ended.set()
            self._wake()
            pause = max(self._every, (self._clock() - begun) / self._share)

    def _check(self) -> _Checked:
        mark = self._ledger.mark
        try:
            return _Checked(mark, self._inputs.changes())
        except BaseException as error:  # noqa: BLE001 - raised again on the main thread
            return _Checked(mark, error=error)


def _changed(changes: Sequence[str], taken_back: TakenBack) -> InputsChangedError:
    more = len(changes) - _MOST
    lines = [*changes[:_MOST], *([f"and {more} more"] if more > 0 else [])]
    return InputsChangedError(
        "data or sources have changed during the run:\n"
        + "".join(f"  {line}\n" for line in lines)
        + f"backtests since the last check do not count ({taken_back.backtests}), and trials told "
        f"since are taken back ({taken_back.trials}); put the files back and continue with "
        "`leanopt resume`, or start a new run"
    )
