"""Ask plugins whether to stop a search; one that fails is not asked again."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from leanopt_core.plugins import Registry
from leanopt_core.sinks.base import TrialRecord

_HOOK: Final = "leanopt_should_stop"


class StopHook:
    """Asks every plugin that has the hook, in the order of the distributions."""

    def __init__(self, run: str, registry: Registry, warn: Callable[[str], None]) -> None:
        self._run = run
        self._asked = registry.implementations(_HOOK)
        self._warn = warn

    def reason(self, record: TrialRecord) -> str | None:
        """Return why a plugin stops the search after this trial, else None."""
        known = {"run": self._run, "record": record}
        reasons = []
        for asked in tuple(self._asked):
            try:
                reasons.append(asked.function(*(known[name] for name in asked.argnames)))
            except (Exception, SystemExit) as error:  # noqa: BLE001 - a foreign hook
                self._asked.remove(asked)
                distribution = asked.plugin_name.partition(":")[0]
                self._warn(
                    f"plugin {distribution} failed in {_HOOK} and is not called again: "
                    f"{type(error).__name__}: {error}"
                )
        return next((str(reason) for reason in reasons if reason), None)
