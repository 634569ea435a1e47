"""What the core itself brings, registered through the hooks that plugins use."""

from __future__ import annotations

from collections.abc import Sequence

from leanopt_core.executors.docker.settings import DockerOptions
from leanopt_core.hookspecs import API_VERSION, hookimpl
from leanopt_core.options import JsonLinesOptions, ProcessOptions, PythonStrategy
from leanopt_core.specs import EngineSpec, ExecutorSpec, SinkSpec

LEANOPT_API_VERSION = API_VERSION


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
            takes=("dates", "warmup"),
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
