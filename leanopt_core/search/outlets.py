"""The sinks of a run: told everything in order; one that fails is closed and dropped."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any

from attrs import define

from leanopt_core.sinks.base import Sink, TrialRecord


@define(eq=False)
class _Outlet:
    """One sink as it is told; two of the same name are two."""

    name: str
    sink: Sink


class Outlets:
    """Tells sinks, and `warn` of one that fails, whatever it raises."""

    def __init__(self, sinks: Sequence[tuple[str, Sink]], warn: Callable[[str], None]) -> None:
        self._outlets = [_Outlet(name, sink) for name, sink in sinks]
        self._warn = warn

    def start(self, run: str, plan: Mapping[str, Any]) -> None:
        """Begin."""
        self._each(lambda sink: sink.start(run, plan))

    def trial(self, record: TrialRecord) -> None:
        """Pass on a told trial."""
        self._each(lambda sink: sink.trial(record))

    def close(self) -> None:
        """Close every sink that is left."""
        outlets, self._outlets = self._outlets, []
        for outlet in outlets:
            try:
                outlet.sink.close()
            except (Exception, SystemExit) as error:  # noqa: BLE001 - a foreign sink
                self._warn(_failed(outlet, error))

    def _each(self, tell: Callable[[Sink], None]) -> None:
        for outlet in list(self._outlets):
            try:
                tell(outlet.sink)
            except (Exception, SystemExit) as error:  # noqa: BLE001 - a foreign sink
                self._outlets.remove(outlet)
                self._warn(_failed(outlet, error))
                # What it had taken may still be written; that it may fail again is no news.
                with suppress(Exception, SystemExit):
                    outlet.sink.close()


def _failed(outlet: _Outlet, error: BaseException) -> str:
    return (
        f"sink {outlet.name} failed and is not told any more: {type(error).__name__}: {error}; "
        "the store has every trial"
    )
