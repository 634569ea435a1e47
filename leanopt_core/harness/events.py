"""The events of a conversation with a harness."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from attrs import define, field, frozen

from leanopt_core.work import Failure, Launch


@frozen
class Hello:
    """A harness's description of itself; protocol 0 is the base form without a description.

    `identity` is the strategy's identity in the harness, None if unknown. `fault` is the reason why
    the strategy cannot run at all. `notes` are for the user. `warm` is whether one process runs
    backtest after backtest, as far as is known, `ahead` whether it may be sent a request before it
    has answered the one before.
    """

    protocol: int = 0
    engine: str = ""
    engine_version: str = ""
    harness: str = ""
    abilities: frozenset[str] = frozenset()
    identity: str | None = None
    fault: Failure | None = None
    notes: tuple[str, ...] = ()
    warm: bool = field(init=False, eq=False, repr=False)
    ahead: bool = field(init=False, eq=False, repr=False)

    @warm.default
    def _is_warm(self) -> bool:
        # Harnesses that start their engine for each backtest take a configuration and leave files,
        # or answer for a program.
        return (
            not self.protocol
            or "inline" in self.abilities
            or {"config", "statistics"} <= self.abilities
        )

    @ahead.default
    def _may_be_asked_ahead(self) -> bool:
        return "ahead" in self.abilities

    def mismatch(self, launch: Launch) -> str | None:
        """Return why this strategy cannot run, None if it is the one that was prepared."""
        if self.fault is not None:
            return self.fault.message
        if None in (launch.identity, self.identity) or self.identity == launch.identity:
            return None
        changed = f": {', '.join(launch.files)}" if launch.files else ""
        return f"strategy files changed during the run{changed}; run again"


@frozen
class Greeted:
    """The harness is ready for requests."""

    hello: Hello


# Not frozen: each backtest has one, and a frozen one takes three times as long to make.
@define
class Answered:
    """The answer to the outstanding request: the parsed line."""

    payload: Mapping[str, Any]


@frozen
class Broken:
    """The harness broke the protocol: ignore everything it sends from now on."""

    message: str


Event = Greeted | Answered | Broken


def own_seconds(payload: Mapping[str, Any]) -> float | None:
    """Return the run time that an answer reports, None if it reports none."""
    own = payload.get("seconds")
    if isinstance(own, bool) or not isinstance(own, int | float):
        return None
    return float(own) if own >= 0 else None
