"""Tells where what `Initialize` does with dates or cash is not what warm LEAN is told later."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from leanopt_core.work import Scenario
from leanopt_lean.findings import Findings, note
from leanopt_lean.scenario_mapping import agrees, remedy
from leanopt_lean.source import Source
from leanopt_lean.source.found import CURRENCY


def check_early(
    source: Source, scenario: Scenario, key: str, given: Collection[str] = ()
) -> Findings:
    """Return a note where `Initialize` uses a field before a harness sets it.

    There is none where the source itself sets the field as the scenario has it. Cash of other
    currencies is another note: the harness sets all the cash there is.
    """
    return Findings.of((*_used(source, scenario, key, given), *_other_cash(source, key)))


def _used(
    source: Source, scenario: Scenario, key: str, given: Collection[str]
) -> Iterator[Findings]:
    used = [one for one in source.uses if one.key == key]
    if used and not agrees(source, scenario, key, given):
        locations = ", ".join(f"{one.what} at {one.location}" for one in used)
        yield note(
            f"scenario.{key}: LEAN sets it after Initialize, which uses another {key} before "
            f"({locations}): results can differ; {remedy(source, scenario, key, given)}"
        )


def _other_cash(source: Source, key: str) -> Iterator[Findings]:
    locations = ", ".join(str(one.location) for one in source.settings if one.key == CURRENCY)
    if key == "cash" and locations:
        yield note(
            f"scenario.cash: LEAN takes it for all the cash there is, and {locations} sets cash of "
            "another currency, which becomes 0: leave cash out of the scenario"
        )
