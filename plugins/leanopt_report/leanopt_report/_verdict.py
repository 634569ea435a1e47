"""The verdict: what is thought of the best result, first of all what stands against it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from leanopt_core.api import counted
from leanopt_report._model import Verdict


def verdict(document: Mapping[str, Any]) -> Verdict:
    """Return the verdict on a run from what `leanopt show --json` prints of it."""
    trials, warnings = document["trials"], tuple(document["warnings"])
    told = trials["completed"] + trials["failed"]
    if not told:
        return Verdict("unknown", "There is nothing to judge yet: no trial has finished.", warnings)
    if not trials["feasible"]:
        return Verdict("bad", "There is no result: no trial is feasible.", warnings)
    sentence = (
        f"The best result is the best of {counted(told, 'trial')}: "
        "part of it is selection, so expect less."
    )
    return Verdict("doubtful", sentence, warnings)
