"""The core's own engines, executors and sinks, registered like a plugin's, and their options."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from attrs import field, frozen

from leanopt_core.executors.docker.options import DockerOptions
from leanopt_core.executors.options import ProcessOptions
from leanopt_core.hookspecs import hookimpl
from leanopt_core.specs import EngineSpec, ExecutorSpec, SinkSpec


@frozen
class PythonStrategy:
    """A strategy in Python: `entry` names its file and function, `data` its data."""

    entry: str = field(metadata={"help": "file and function, as strategy.py:run"})
    data: Path | None = field(
        default=None, metadata={"help": "data folder or file (scenario.data in the strategy)"}
    )
    python: str | None = field(
        default=None,
        metadata={"help": "Python interpreter for the strategy (default: leanopt's own)"},
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
        default=Path("trials.jsonl"), metadata={"help": "file, relative to the pipeline's folder"}
    )


@hookimpl
def leanopt_engines() -> Sequence[EngineSpec]:
    """Register the engine for Python."""
    return [
        EngineSpec(
            "python",
            "leanopt_core.engines.python:create",
            PythonStrategy,
            "Strategies written in Python, run by the warm Python harness",
            init="leanopt_core.scaffold.python:draft",
        ),
    ]


@hookimpl
def leanopt_executors() -> Sequence[ExecutorSpec]:
    """Register the executors for this machine: bare processes, and containers."""
    return [
        ExecutorSpec(
            "process",
            "leanopt_core.executors.process:create",
            ProcessOptions,
            "Warm harness processes on this machine",
        ),
        ExecutorSpec(
            "docker",
            "leanopt_core.executors.docker.executor:create",
            DockerOptions,
            "Warm containers without a network, on this machine's Docker engine",
        ),
    ]


@hookimpl
def leanopt_sinks() -> Sequence[SinkSpec]:
    """Register the JSON lines sink."""
    return [
        SinkSpec(
            "jsonl",
            "leanopt_core.sinks.jsonl:create",
            JsonLinesOptions,
            "One JSON object per trial, in a file",
        )
    ]
