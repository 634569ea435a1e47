"""Finds the name that was probably meant."""

from __future__ import annotations

from collections.abc import Iterable


def nearest(name: str, names: Iterable[str]) -> str | None:
    """Return the nearest of `names` to a misspelt `name`, None if none is near.

    Case does not count; ties go to the alphabetically first.
    """
    # Imported here: only messages need it, and the import takes longer than a backtest.
    from difflib import get_close_matches

    by_folded: dict[str, str] = {}
    for candidate in sorted(names):
        by_folded.setdefault(candidate.casefold(), candidate)
    close = get_close_matches(name.casefold(), list(by_folded), n=1, cutoff=0.5)
    return by_folded[close[0]] if close else None
