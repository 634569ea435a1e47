"""Which run of a plan a command wants; imports nothing, since a command does it before all else."""

from __future__ import annotations

from attrs import Attribute, field, frozen

from leanopt_core.errors import UsageError


def _check_name(_instance: object, _attribute: Attribute[str | None], name: str | None) -> None:
    """Raise UsageError for a name that a run cannot have."""
    from leanopt_core.pipeline.tables import check_name

    try:
        check_name(_instance, _attribute, name)
    except ValueError as error:
        raise UsageError(f"run name {name!r}: it {error}") from None
    # RUN:TRIAL names a trial, and an argument that begins with a dash is an option.
    if name is not None and (":" in name or name[0] == "-" or name.isdigit()):
        raise UsageError(
            f"run name {name!r}: it must not be a number, have a colon or begin with -"
        )


@frozen
class Wanted:
    """Which run of a plan to take. By default the newest one decides.

    An unfinished run continues, a finished one with a completed trial is shown, else a new run
    begins. With `name` only the run of that name counts, and a new one gets it. `resume` continues
    an unfinished run or is an error: the run called `run`, else the newest. `again` begins a new
    run. With `accept_changes`, one begins also where a run to resume differs from what is stored.
    """

    resume: bool = False
    again: bool = False
    accept_changes: bool = False
    run: str | None = None
    name: str | None = field(default=None, validator=_check_name)
