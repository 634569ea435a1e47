"""The command `leanopt report`: registration, nothing heavy."""

from __future__ import annotations

from typing import TYPE_CHECKING

from leanopt_core.api import CommandSpec, hookimpl

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["leanopt_commands"]

LEANOPT_API_VERSION = 2


@hookimpl
def leanopt_commands() -> Sequence[CommandSpec]:
    """Register the command `report`."""
    return [
        CommandSpec(
            "report", "leanopt_report._command:command", "Write a report of a run as one HTML file"
        )
    ]
