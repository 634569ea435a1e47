"""Runs checks: each of them, whatever became of the others."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator

from attrs import frozen

from leanopt_core.doctor.line import Line, Status, StuckError, warning, wrong
from leanopt_core.errors import LeanoptError


@frozen
class Check:
    """One check: `look` returns what it finds; `needs` are the names of those that it stands on.

    It may raise StuckError, or a LeanoptError, which is then what is wrong.
    """

    name: str
    look: Callable[[], Iterable[Line]]
    needs: tuple[str, ...] = ()


def examine(checks: Iterable[Check]) -> Iterator[Line]:
    """Yield what each check finds, in order; what stands on one that is stuck says so."""
    stuck = set[str]()
    for check in checks:
        try:
            for line in _look(check, stuck):
                yield line.of(check.name)
        except (StuckError, LeanoptError, OSError) as error:
            stuck.add(check.name)
            yield _said(error).of(check.name)


def _look(check: Check, stuck: Collection[str]) -> Iterator[Line]:
    for name in check.needs:
        if name in stuck:
            raise StuckError(warning(f"not looked at: it needs '{name}'"))
    yield from check.look()


def exit_code(lines: Iterable[Line]) -> int:
    """Return the code of the first line that is wrong, 0 where none is."""
    return next((line.exit_code for line in lines if line.status is Status.WRONG), 0)


def _said(error: StuckError | LeanoptError | OSError) -> Line:
    if isinstance(error, StuckError):
        return error.line
    code = error.exit_code if isinstance(error, LeanoptError) else LeanoptError.exit_code
    return wrong(str(error), exit_code=code)
