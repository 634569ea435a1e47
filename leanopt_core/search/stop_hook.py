"""Ask plugins whether to stop a search; one that fails is not asked again."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from leanopt_core.errors import PluginError
from leanopt_core.plugins import Registry
from leanopt_core.search.calls import Calls
from leanopt_core.search.guard import Guard
from leanopt_core.sinks.base import TrialRecord

_HOOK: Final = "leanopt_should_stop"


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
        known = {"run": self._run, "record": record}
        reasons = []
        for asked, guard in tuple(self._asked):
            given = [known[name] for name in asked.argnames]
            try:
                reasons.append(guard.call(f"called by {_HOOK}", _text, asked.function, *given))
            except PluginError as error:
                self._asked.remove((asked, guard))
                self._warn(f"{error}; it is not called again")
        return next((reason for reason in reasons if reason), None)


def _text(function: Callable[..., object], *arguments: object) -> str | None:
    """Return a plugin's reason as text, None if it has none; runs its code."""
    reason = function(*arguments)
    return str(reason) if reason else None
