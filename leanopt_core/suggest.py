"""Suggest the closest valid name, for messages about a wrong one."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches


def nearest(name: str, candidates: Iterable[str]) -> str | None:
    """Return the candidate closest to `name`, None if none is close."""
    folded = {candidate.casefold(): candidate for candidate in candidates}
    match = get_close_matches(name.casefold(), list(folded), n=1, cutoff=0.6)
    return folded[match[0]] if match else None


def did_you_mean(name: str, candidates: Iterable[str]) -> str:
    """Return `did you mean 'x'?`, else `choose from: ...`, empty without candidates."""
    names = sorted(set(candidates))
    match = nearest(name, names)
    if match is not None:
        return f"did you mean '{match}'?"
    return f"choose from: {', '.join(names)}" if names else ""
