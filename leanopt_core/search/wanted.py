"""Which run of a plan a command wants; imports nothing, since a command does it before all else."""

from __future__ import annotations

from attrs import frozen


@frozen
class Wanted:
    """Which run of a plan to take. By default the newest one decides.

    An unfinished run continues, a finished one with a completed trial is shown, else a new run
    begins. `resume` continues an unfinished run or is an error: the run called `run`, else the
    newest. `again` begins a new run. With `accept_changes`, one begins also where a run to resume
    differs from what is stored.
    """

    resume: bool = False
    again: bool = False
    accept_changes: bool = False
    run: str | None = None
