"""The options of the built-in sinks."""

from __future__ import annotations

from pathlib import Path

from attrs import field, frozen


@frozen
class JsonLinesOptions:
    """The options of the `jsonl` sink."""

    path: Path = field(
        default=Path("trials.jsonl"), metadata={"help": "the file, from the pipeline's folder"}
    )
