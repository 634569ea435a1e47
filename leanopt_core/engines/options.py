"""The options of the built-in engines: what `[strategy]` may hold."""

from __future__ import annotations

from pathlib import Path

from attrs import field, frozen


@frozen
class PythonStrategy:
    """A strategy in Python: `entry` names its file and function, `data` what it reads."""

    entry: str = field(metadata={"help": "file and function, as strategy.py:run"})
    data: Path | None = field(
        default=None, metadata={"help": "data folder or file, the strategy's scenario.data"}
    )
    python: str | None = field(
        default=None, metadata={"help": "interpreter to run it with; by default leanopt's own"}
    )

    @entry.validator
    def _check_entry(self, _attribute: object, value: str) -> None:
        file, _, function = value.rpartition(":")
        if not file.endswith(".py") or not function.isidentifier():
            raise ValueError("expected a file and a function, as 'strategy.py:run'")
