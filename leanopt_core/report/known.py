"""A number that may be unknown: None, and why."""

from __future__ import annotations

from attrs import frozen


@frozen
class Known:
    """A number, or None and the reason why there is none."""

    value: float | None = None
    why: str | None = None

    def to_dict(self) -> dict[str, float | str | None]:
        """Return the number and the reason as JSON values."""
        return {"value": self.value, "why": self.why}
