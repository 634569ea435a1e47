"""The hooks that a plugin can implement; the project name and entry-point group are `leanopt`.

A plugin is a module (or object) named by an entry point in the group `leanopt`. It marks its hooks
with `leanopt_core.api.hookimpl`, and declares the contracts that it is written for:
`LEANOPT_API_VERSION = 2`.

Registration hooks are called once, on the main thread, before anything runs. They return light
specifications and must not import the code that does the work. An error in one is reported with the
distribution's name; the other plugins still work.

The stop hook is called on the main thread during a run. An error in it becomes a warning that names
the plugin. That plugin is not called again in this run, and the run continues. Sinks watch a run.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import pluggy

if TYPE_CHECKING:
    from leanopt_core.sinks.base import TrialRecord
    from leanopt_core.specs import (
        CommandSpec,
        EngineSpec,
        ExecutorSpec,
        FitnessSpec,
        SectionSpec,
        SinkSpec,
        StageSpec,
    )

#: The version of the plugin contracts; a plugin that declares another one, or
#: none, is refused. A new hook,
#: or a new field with a default, does not raise it.
API_VERSION = 2

hookspec = pluggy.HookspecMarker("leanopt")
hookimpl = pluggy.HookimplMarker("leanopt")


@hookspec
def leanopt_stages() -> Sequence[StageSpec]:  # type: ignore[empty-body]  # a specification
    """Return the search methods of this plugin."""


@hookspec
def leanopt_fitness() -> Sequence[FitnessSpec]:  # type: ignore[empty-body]
    """Return the fitness functions of this plugin."""


@hookspec
def leanopt_executors() -> Sequence[ExecutorSpec]:  # type: ignore[empty-body]
    """Return the executors of this plugin."""


@hookspec
def leanopt_engines() -> Sequence[EngineSpec]:  # type: ignore[empty-body]
    """Return the engines of this plugin."""


@hookspec
def leanopt_sinks() -> Sequence[SinkSpec]:  # type: ignore[empty-body]
    """Return the result sinks of this plugin."""


@hookspec
def leanopt_commands() -> Sequence[CommandSpec]:  # type: ignore[empty-body]
    """Return additional commands for the `leanopt` command line."""


@hookspec
def leanopt_show_sections() -> Sequence[SectionSpec]:  # type: ignore[empty-body]
    """Return sections for `leanopt show --evidence`."""


@hookspec
def leanopt_should_stop(run: str, record: TrialRecord) -> str | None:
    """Return a reason to end the search after this trial, else None.

    Called after every trial that is not replayed. The stop is stored before it takes effect, so a
    resumed run stops at the same trial. The first reason given is stored.
    """
