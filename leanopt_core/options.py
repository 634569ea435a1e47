"""The options of the built-in plugins but `docker`, light enough to list them."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from attrs import field, frozen, validators


@frozen
class PythonStrategy:
    """A strategy in Python: `entry` names its file and function, `data` its data.

    `identity` is what a change of its files must change to count.
    """

    entry: str = field(metadata={"help": "file and function, as strategy.py:run"})
    data: Path | None = field(
        default=None, metadata={"help": "data folder or file (scenario.data in the strategy)"}
    )
    python: str | None = field(
        default=None,
        metadata={"help": "Python interpreter for the strategy (default: leanopt's own)"},
    )
    identity: Literal["bytes", "code"] = field(
        default="bytes",
        metadata={"help": "what identifies its files: bytes, or code without comments"},
    )

    @entry.validator
    def _check_entry(self, _attribute: object, value: str) -> None:
        file, _, function = value.rpartition(":")
        if not file.endswith(".py") or not function.isidentifier():
            raise ValueError("expected a file and a function, such as 'strategy.py:run'")


@frozen
class JsonLinesOptions:
    """The options of the `jsonl` sink."""

    path: Path = field(
        default=Path("trials-{run}.jsonl"),
        metadata={"help": "file, relative to the pipeline's folder"},
    )


@frozen
class ProcessOptions:
    """The options of the `process` executor."""

    threads: int = field(
        default=1,
        validator=[validators.instance_of(int), validators.ge(1)],
        metadata={"help": "threads that numeric libraries may use in each worker"},
    )
    nice: int = field(
        default=0,
        validator=[validators.instance_of(int), validators.ge(0), validators.le(19)],
        metadata={"help": "niceness of workers; higher values give way to other programs"},
    )
    scratch_folder: Path | None = field(
        default=None,
        metadata={"help": "existing folder for workers' files (default: in `.leanopt`)"},
    )
