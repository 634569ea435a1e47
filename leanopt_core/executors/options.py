"""The options of the built-in executors: what `[executor]` may hold for them."""

from __future__ import annotations

from attrs import field, frozen, validators


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
        metadata={"help": "how far workers stand back for other programs"},
    )
