"""What leanopt finds of this distribution: light, without NumPy."""

from __future__ import annotations

from collections.abc import Sequence

from leanopt_core.api import CommandSpec, SectionSpec, hookimpl

LEANOPT_API_VERSION = 2


@hookimpl
def leanopt_show_sections() -> Sequence[SectionSpec]:
    """Register what is said of a run: how much may be luck, and what the fitness depends on."""
    return [
        SectionSpec(
            "luck", "leanopt_evidence._section:make", "How much of the best result may be luck"
        ),
        SectionSpec(
            "sensitivity",
            "leanopt_evidence._sensitivity_section:make",
            "Which parameters matter, and the best trial's neighbours",
        ),
    ]


@hookimpl
def leanopt_commands() -> Sequence[CommandSpec]:
    """Register the command that cross-validates the choice of a run's best trial."""
    return [
        CommandSpec(
            *("cpcv", "leanopt_evidence._cpcv_command:command"),
            "Cross-validate the choice of the best trial",
        )
    ]
