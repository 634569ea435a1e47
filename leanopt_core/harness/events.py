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
