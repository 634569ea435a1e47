"""Problems and notes, as checks of a strategy and of LEAN's data return them."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal, InvalidOperation
from pathlib import Path

from attrs import frozen

from leanopt_core.api import StrategyError


@frozen
class Findings:
    """Problems, with which backtests fail or mislead, and notes for the user; one line each."""

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
        """Raise StrategyError with all problems, if there are any."""
        if self.problems:
            raise StrategyError("\n".join(self.problems))


def problem(text: str) -> Findings:
    """Return one problem."""
    return Findings(problems=(text,))


def note(text: str) -> Findings:
    """Return one note."""
    return Findings(notes=(text,))


def lacking(data: Path, path: Path, why: str = "is missing") -> Findings:
    """Return the problem with a file or folder below `data`, and where to get a good copy."""
    return problem(
        f"{data / path} {why}; copy Data/{path.as_posix()} from LEAN's repository "
        "(github.com/QuantConnect/Lean)"
    )


def is_number(text: str) -> bool:
    """Return whether a column holds a number as LEAN reads one."""
    try:
        return Decimal(text.strip()).is_finite()
    except InvalidOperation:
        return False
