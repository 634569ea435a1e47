"""What a check says."""

from __future__ import annotations

from enum import StrEnum

from attrs import evolve, frozen

from leanopt_core.errors import ExecutorError


class Status(StrEnum):
    """How it stands with what a check looks at."""

    OK = "ok"
    WARNING = "warning"
    WRONG = "wrong"


@frozen
class Line:
    """What a check has found, and the command that mends it, None where no one command does.

    `exit_code` is what something wrong makes the command end with. `name` is the check's, filled in
    by `examine`.
    """

    status: Status
    what: str
    mend: str | None = None
    exit_code: int = 0
    name: str = ""

    def of(self, name: str) -> Line:
        """Return it as the line of the check of this name."""
        return evolve(self, name=name)


class StuckError(Exception):
    """What a check found leaves nothing to look at for those that stand on it."""

    def __init__(self, line: Line) -> None:
        super().__init__(line.what)
        self.line = line


def ok(what: str) -> Line:
    """Return that all is well."""
    return Line(Status.OK, what)


def warning(what: str, mend: str | None = None) -> Line:
    """Return what is worth knowing, and keeps nothing from working."""
    return Line(Status.WARNING, what, mend)


def wrong(what: str, mend: str | None = None, *, exit_code: int = ExecutorError.exit_code) -> Line:
    """Return what keeps backtests from running."""
    return Line(Status.WRONG, what, mend, exit_code)
