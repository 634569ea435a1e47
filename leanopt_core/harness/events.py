"""The events of a conversation with a harness."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from attrs import frozen

from leanopt_core.work import Failure


@frozen
class Hello:
    """A harness's description of itself; protocol 0 is the base form without a description.

    `identity` is the strategy's identity in the harness, None if unknown. `fault` is the reason why
    the strategy cannot run at all. `notes` are for the user.
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
    """The answer to the outstanding request: the parsed line."""

    payload: Mapping[str, Any]


@frozen
class Broken:
    """The harness broke the protocol: ignore everything it sends from now on."""

    message: str


Event = Greeted | Answered | Broken
