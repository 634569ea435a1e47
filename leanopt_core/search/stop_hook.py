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
        self._asked = registry.implementations(_HOOK)
        self._warn = warn
        self._calls = calls

    def reason(self, record: TrialRecord) -> str | None:
        """Return why a plugin stops the search after this trial, else None."""
        known = {"run": self._run, "record": record}
        reasons = []
        for asked in tuple(self._asked):
            label = f"plugin {asked.plugin_name.partition(':')[0]}"
            guard = Guard(label, passing=(), calls=self._calls)
            given = [known[name] for name in asked.argnames]
            try:
                reasons.append(guard.call(f"called by {_HOOK}", asked.function, *given))
            except PluginError as error:
                self._asked.remove(asked)
                self._warn(f"{error}; it is not called again")
        return next((str(reason) for reason in reasons if reason), None)
