"""The hooks that a plugin may implement; the project name and entry-point group are `leanopt`.

A plugin is a module (or object) named by an entry point in the group `leanopt`; it marks its hooks
with `leanopt_core.hookimpl`. Registration hooks are called once when plugins are first needed, on
the main thread, before anything runs; they return light specifications and must not import the
code that does the work. Observer hooks are called on the main thread while a run goes on: what one
raises is shown as a warning that names the plugin, that plugin is not called again in this run, and
the run goes on. Whatever a registration hook raises is reported with the distribution's name, and
every other plugin goes on working. A module may say which contracts it was written for:
`LEANOPT_API_VERSION = 1`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import pluggy

if TYPE_CHECKING:
    from leanopt_core.sinks.base import TrialRecord
    from leanopt_core.specs import (
        CommandSpec,
        EngineSpec,
        ExecutorSpec,
        FitnessSpec,
        SinkSpec,
        StageSpec,
    )

#: The version of the plugin contracts; a plugin made for another one is refused by name.
API_VERSION = 1

hookspec = pluggy.HookspecMarker("leanopt")
hookimpl = pluggy.HookimplMarker("leanopt")


@hookspec
def leanopt_stages() -> Sequence[StageSpec]:  # type: ignore[empty-body]  # a specification
    """Return the search methods that this plugin brings."""


@hookspec
def leanopt_fitness() -> Sequence[FitnessSpec]:  # type: ignore[empty-body]
    """Return the fitness functions that this plugin brings."""


@hookspec
def leanopt_executors() -> Sequence[ExecutorSpec]:  # type: ignore[empty-body]
    """Return the executors that this plugin brings."""


@hookspec
def leanopt_engines() -> Sequence[EngineSpec]:  # type: ignore[empty-body]
    """Return the engines that this plugin brings."""


@hookspec
def leanopt_sinks() -> Sequence[SinkSpec]:  # type: ignore[empty-body]
    """Return the result sinks that this plugin brings."""


@hookspec
def leanopt_commands() -> Sequence[CommandSpec]:  # type: ignore[empty-body]
    """Return further commands for the `leanopt` command line."""


@hookspec
def leanopt_run_started(run: str, plan: Mapping[str, Any], resumed: bool) -> None:
    """Learn that a run begins or goes on: its name, and its search plan as JSON values."""


@hookspec
def leanopt_trial_told(run: str, record: TrialRecord) -> None:
    """Learn of a trial just told to its method; it is durable. Not called for replayed trials."""


@hookspec
def leanopt_stage_finished(run: str, search: int, stage: str, reason: str) -> None:
    """Learn that a stage has ended and why: `trials`, `patience`, `target`, `done`, `stop` ..."""


@hookspec
def leanopt_run_finished(run: str, state: str) -> None:
    """Learn that a run has ended: `finished`, `interrupted` or `failed`."""


@hookspec
def leanopt_should_stop(run: str, record: TrialRecord) -> str | None:
    """Return a reason to end the search after this told trial, else None.

    Called after every told trial that is not replayed. The stop is recorded before it takes effect,
    so that a resumed run stops at the same trial. The first reason given is the one recorded.
    """
