"""Tells where `Initialize` uses dates or cash that warm LEAN is told only afterwards."""

from __future__ import annotations

from collections.abc import Collection

from leanopt_core.work import Scenario
from leanopt_lean.findings import Findings, note
from leanopt_lean.reach import agrees, remedy
from leanopt_lean.source import Source


def check_early(
    source: Source, scenario: Scenario, key: str, given: Collection[str] = ()
) -> Findings:
    """Return a note where `Initialize` uses a field before a harness sets it.

    There is none where the source itself sets the field as the scenario has it.
    """
    used = [one for one in source.uses if one.key == key]
    if not used or agrees(source, scenario, key, given):
        return Findings()
    places = ", ".join(f"{one.what} at {one.place}" for one in used)
    return note(
        f"scenario.{key}: LEAN sets it after Initialize, which uses another {key} before "
        f"({places}): results can differ; {remedy(source, scenario, key, given)}"
    )
