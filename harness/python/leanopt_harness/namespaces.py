"""Restores names in modules of Python itself that a backtest has replaced or deleted."""

from __future__ import annotations

import builtins
import math
import sys
import time
from types import ModuleType

# Those whose comparison is cheap; a patch elsewhere stays.
_MODULES: tuple[ModuleType, ...] = (sys, builtins, time, math)


class Namespaces:
    """The names of `sys`, `builtins`, `time` and `math`. New ones stay: a library may need them."""

    def __init__(self) -> None:
        self._saved = {module: dict(vars(module)) for module in _MODULES}
        self._look()

    def restore(self) -> None:
        """Restore replaced and deleted names."""
        # Lists take a third of the time that dictionaries do.
        for names, values in self._looks:
            if not _equal(list(names.values()), values):
                self._put_back()
                return

    def keep(self, name: str) -> None:
        """Take the value that a name in `sys` has now as the one to restore."""
        self._saved[sys][name] = getattr(sys, name)
        self._look()

    def _put_back(self) -> None:
        for module, saved in self._saved.items():
            vars(module).update(saved)
        self._look()

    def _look(self) -> None:
        self._looks = [(vars(module), list(vars(module).values())) for module in _MODULES]


def _equal(one: list[object], two: list[object]) -> bool:
    try:
        return one == two
    except Exception:  # noqa: BLE001 - a value that a strategy has put there may raise anything
        return False
