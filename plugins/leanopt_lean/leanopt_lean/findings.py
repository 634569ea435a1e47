"""What a look at LEAN's data found."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal, InvalidOperation
from pathlib import Path

from attrs import frozen

from leanopt_core.errors import StrategyError


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

    def refuse(self) -> None:
        """Raise StrategyError with all problems, where there are any."""
        if self.problems:
            raise StrategyError("\n".join(self.problems))


def problem(text: str) -> Findings:
    """Return one problem."""
    return Findings(problems=(text,))


def note(text: str) -> Findings:
    """Return one note."""
    return Findings(notes=(text,))


def lacking(data: Path, path: Path, why: str = "is missing") -> Findings:
    """Return the problem with a file or folder below `data`, and where there is a sound one."""
    return problem(
        f"{data / path} {why}; copy Data/{path.as_posix()} of LEAN's repository "
        "(github.com/QuantConnect/Lean) there"
    )


def is_number(text: str) -> bool:
    """Say whether a column holds a number as LEAN reads one."""
    try:
        return Decimal(text.strip()).is_finite()
    except InvalidOperation:
        return False
