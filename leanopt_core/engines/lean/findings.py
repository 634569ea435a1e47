"""What a look at LEAN's data found."""

from __future__ import annotations

from collections.abc import Iterable

from attrs import frozen


@frozen
class Findings:
    """What makes backtests fail or lie, and what a user may want to know; each one line."""

    problems: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @classmethod
    def of(cls, parts: Iterable[Findings]) -> Findings:
        """Return the findings of all parts, each once."""
        found = list(parts)
        return cls(
            tuple(dict.fromkeys(one for part in found for one in part.problems)),
            tuple(dict.fromkeys(one for part in found for one in part.notes)),
        )


def problem(text: str) -> Findings:
    """Return one problem."""
    return Findings(problems=(text,))


def note(text: str) -> Findings:
    """Return one note."""
    return Findings(notes=(text,))
