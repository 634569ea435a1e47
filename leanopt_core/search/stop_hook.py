"""Ask plugins whether to stop a search; one that fails is not asked again."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from leanopt_core.errors import PluginError
from leanopt_core.plugins import Registry
from leanopt_core.search.calls import Calls
from leanopt_core.search.guard import Guard, storable
from leanopt_core.shown import reason_text, shown
from leanopt_core.sinks.base import TrialRecord

_HOOK: Final = "leanopt_should_stop"
_DOING: Final = f"called by {_HOOK}"


class StopHook:
    """Asks every plugin that has the hook, in the order of the distributions."""

    def __init__(
        self, run: str, registry: Registry, warn: Callable[[str], None], calls: Calls
    ) -> None:
        self._run = run
        self._warn = warn
        self._asked = [
            (asked, Guard(f"plugin {asked.plugin_name.partition(':')[0]}", (), calls=calls))
            for asked in registry.implementations(_HOOK)
        ]

    def reason(self, record: TrialRecord) -> str | None:
        """Return why a plugin stops the search after this trial, else None."""
        if not self._asked:
            return None
        known = {"run": self._run, "record": record}
        reasons = []
        for asked, guard in tuple(self._asked):
            given = [known[name] for name in asked.argnames]
            try:
                reasons.append(_text(guard.call(_DOING, asked.function, *given), guard))
            except PluginError as error:
                self._asked.remove((asked, guard))
                self._warn(f"{error}; it is not called again")
        return next((reason for reason in reasons if reason), None)


def _text(reason: object, guard: Guard) -> str | None:
    """Return a plugin's reason, None if it has none; raises PluginError if it is no text."""
    if reason is None:
        return None
    if not isinstance(reason, str) or not storable(reason):
        raise guard.fault(_DOING, f"it returned {shown(reason)}, expected a text or None")
    return reason_text(reason) or None
