"""Run every check, even if others fail, and collect the findings."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from enum import StrEnum

from attrs import evolve, frozen

from leanopt_core.errors import ExecutorError, LeanoptError


class Status(StrEnum):
    """The result of a check."""

    OK = "ok"
    WARNING = "warning"
    WRONG = "wrong"


@frozen
class Finding:
    """The finding of a check, and the command that fixes it (None if no single command does).

    `exit_code` is the command's exit code for something wrong. `name` is the check's; `examine`
    fills it in.
    """

    status: Status
    what: str
    fix: str | None = None
    exit_code: int = 0
    name: str = ""

    @classmethod
    def ok(cls, what: str) -> Finding:
        """Return the finding that all is well."""
        return cls(Status.OK, what)

    @classmethod
    def warning(cls, what: str, fix: str | None = None) -> Finding:
        """Return a finding that is worth knowing, and keeps nothing from working."""
        return cls(Status.WARNING, what, fix)

    @classmethod
    def wrong(
        cls, what: str, fix: str | None = None, *, exit_code: int = ExecutorError.exit_code
    ) -> Finding:
        """Return a finding that keeps backtests from running."""
        return cls(Status.WRONG, what, fix, exit_code)

    def of(self, name: str) -> Finding:
        """Return it as a finding of the check of this name."""
        return evolve(self, name=name)


class StuckError(Exception):
    """A check found something that leaves nothing to look at for the checks that require it."""

    def __init__(self, finding: Finding) -> None:
        super().__init__(finding.what)
        self.finding = finding


@frozen
class Check:
    """One check: `look` returns its findings; `needs` are the names of the checks it requires.

    `look` can raise StuckError, or a LeanoptError, which is then what is wrong.
    """

    name: str
    look: Callable[[], Iterable[Finding]]
    needs: tuple[str, ...] = ()


def examine(checks: Iterable[Check]) -> Iterator[Finding]:
    """Yield the findings of each check, in order; skip a check that requires one that is stuck."""
    stuck = set[str]()
    for check in checks:
        try:
            # As they come: starting a worker takes seconds, and the terminal shows the rest before.
            for finding in _look(check, stuck):
                yield finding.of(check.name)
        except (StuckError, LeanoptError, OSError) as error:
            stuck.add(check.name)
            yield _finding(error).of(check.name)


def exit_code(findings: Iterable[Finding]) -> int:
    """Return the exit code of the first finding that is wrong, 0 without one."""
    return next((one.exit_code for one in findings if one.status is Status.WRONG), 0)


def _look(check: Check, stuck: Collection[str]) -> Iterator[Finding]:
    for name in check.needs:
        if name in stuck:
            raise StuckError(Finding.warning(f"skipped (requires '{name}')"))
    yield from check.look()


def _finding(error: StuckError | LeanoptError | OSError) -> Finding:
    if isinstance(error, StuckError):
        return error.finding
    code = error.exit_code if isinstance(error, LeanoptError) else LeanoptError.exit_code
    return Finding.wrong(str(error), exit_code=code)
