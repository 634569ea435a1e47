"""What leanopt finds of this distribution: light, without NumPy."""

from __future__ import annotations

from collections.abc import Sequence

from leanopt_core.api import SectionSpec, hookimpl

LEANOPT_API_VERSION = 2


@hookimpl
def leanopt_show_sections() -> Sequence[SectionSpec]:
    """Register the section that says how much of a run's best result may be luck."""
    return [
        SectionSpec(
            "luck", "leanopt_evidence._section:make", "How much of the best result may be luck"
        )
    ]
