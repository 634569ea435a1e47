"""What a harness is understood to have said."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from attrs import frozen

from leanopt_core.work import Failure


@frozen
class Hello:
    """What a harness says about itself; protocol 0 is the base form, which says nothing.

    `identity` is the strategy's as the harness sees it, None where it cannot say. `fault` tells
    that the strategy cannot run at all, so that no backtest can succeed. `notes` are for the user.
    """

    protocol: int = 0
    engine: str = ""
    engine_version: str = ""
    harness: str = ""
    abilities: frozenset[str] = frozenset()
    identity: str | None = None
    fault: Failure | None = None
    notes: tuple[str, ...] = ()

    def mismatch(self, identity: str | None) -> str | None:
        """Say why this strategy cannot be run, None if it is the one prepared as `identity`."""
        if self.fault is not None:
            return self.fault.message
        if identity is None or self.identity is None or self.identity == identity:
            return None
        return (
            f"the strategy is another one than was prepared: the harness says {self.identity}, "
            f"expected {identity}; start again if its files were changed meanwhile"
        )


@frozen
class Greeted:
    """The harness is ready for requests."""

    hello: Hello


@frozen
class Answered:
    """The outstanding request's answer, the parsed line."""

    payload: Mapping[str, Any]


@frozen
class Broken:
    """The harness broke the protocol: nothing that it says from now on can be believed."""

    message: str


Event = Greeted | Answered | Broken
