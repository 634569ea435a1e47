"""What an engine may have besides its contract."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, runtime_checkable

from leanopt_core.doctor.check import Check
from leanopt_core.engines.base import Brief, Once
from leanopt_core.work import Answer


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


@runtime_checkable
class HasFingerprint(Protocol):
    """An engine that can tell by an answer whether two backtests did the same."""

    def fingerprint(self, answer: Answer) -> str | None:
        """Return a short text that is equal for two backtests that did the same, None if unknown.

        It covers what statistics do not show, as the order list. `leanopt verify` compares the
        fingerprints of two harnesses. It is asked before `read`, while the answer's files exist.
        """
        ...
