"""What an engine may have besides its contract: what it looks at before anything runs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, runtime_checkable

from leanopt_core.doctor.check import Check
from leanopt_core.engines.base import Brief, Once


@runtime_checkable
class HasChecks(Protocol):
    """An engine with checks of its own for `leanopt doctor`."""

    def checks(self, once: Once, brief: Brief) -> Sequence[Check]:
        """Return the checks of what this engine needs where workers run, and of its data.

        They look when they are asked, not before. They may need `interpreter` (a Python runs where
        workers do), `data` (the data folder is there), and each other.
        """
        ...


@runtime_checkable
class HasCheck(Protocol):
    """An engine that can look at a strategy for `leanopt check`, without running anything."""

    def check(self, brief: Brief) -> Sequence[str]:
        """Return what is wrong with the strategy for `brief`, one line each."""
        ...
