"""Check that a resumed run repeats its stored trials, and name the plugin that does not."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import zip_longest
from math import isclose
from typing import Final

from leanopt_core.errors import ResumeError
from leanopt_core.trial import Score

#: The largest relative difference that the last digits of another C library may cause.
_TOLERANCE: Final = 1e-12
_ADVICE: Final = (
    "The results are kept: restore it to continue the run, or begin a new run with --again"
)


class DiffersError(ResumeError):
    """What is stored of the run to resume differs from what would be done now."""


Part = float | str | None


def compare_scores(label: str, number: int, stored: Score, now: Score) -> None:
    """Compare a replayed trial's score with the stored one: fitness, violation, values, objectives.

    Reasons are texts and decide nothing, so they may differ. Raises ResumeError, naming the fitness
    function by `label`, if a relative difference is above 1e-12 or a part is missing in one.
    """
    if stored == now:
        return
    for name, was, part in _parts(stored, now):
        if not _equal(was, part):
            raise DiffersError(
                f"{label} scores trial {number} otherwise than before: {name} was {was!r}, now "
                f"{part!r}; its code or a library it uses has changed, or it depends on more than "
                f"its input. {_ADVICE}"
            )


def _parts(stored: Score, now: Score) -> Iterator[tuple[str, Part, Part]]:
    yield "failure", stored.failure, now.failure
    yield "fitness", stored.fitness, now.fitness
    yield "violation", stored.violation, now.violation
    for name in sorted({*stored.values, *now.values}):
        yield f"value {name!r}", stored.values.get(name), now.values.get(name)
    for at, (was, is_now) in enumerate(zip_longest(stored.objectives, now.objectives), 1):
        yield f"objective {at}", was, is_now


def _equal(was: Part, now: Part) -> bool:
    if isinstance(was, float) and isinstance(now, float):
        return isclose(was, now, rel_tol=_TOLERANCE)
    return was == now


def other_rung(label: str, number: int, was: int | None, now: int | None) -> DiffersError:
    """Return the error if trial `number` is pruned at another rung than stored; None: at none."""
    before, today = (
        f"pruned at step {at}" if at is not None else "not pruned" for at in (was, now)
    )
    return DiffersError(
        f"trial {number} was {before}, now it is {today}; {label} or a library it uses has "
        f"changed. {_ADVICE}"
    )


def other_proposal(label: str, number: int, how: str) -> DiffersError:
    """Return the error for a method, `label`, that proposes trial `number` otherwise than stored.

    `how` says what it proposed and what it does now.
    """
    return DiffersError(
        f"{label} does not repeat its stored proposals: trial {number} was {how}; its code or a "
        f"library it uses has changed. {_ADVICE}"
    )


def earlier_end(label: str, number: int, reason: str) -> DiffersError:
    """Return the error if `label` ends a stage before trial `number`, which is stored."""
    return DiffersError(
        f"{label} ends the search before trial {number}, which is stored ({reason}); its code or a "
        f"library it uses has changed. {_ADVICE}"
    )


def later_end(label: str, number: int, reason: str) -> DiffersError:
    """Return the error if `label` does not end a stage that had ended before trial `number`."""
    return DiffersError(
        f"{label} ended the search before trial {number} ({reason}), and now it does not; its code "
        f"or a library it uses has changed. {_ADVICE}"
    )


def other_direction(label: str, stored: str, now: str) -> DiffersError:
    """Return the error for a fitness function, `label`, whose direction has changed."""
    return DiffersError(
        f"{label} has the direction {now!r}, but the run began with {stored!r}. {_ADVICE}"
    )
