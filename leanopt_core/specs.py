"""What a plugin registers: light specifications, so that listing plugins imports nothing heavy."""

from __future__ import annotations

from attrs import define, field, frozen


@define
class NoOptions:
    """The options of a plugin that has none."""


@frozen
class PluginSpec:
    """One registered thing: its name, its options, and where its code is.

    `options` is an attrs class: each field's type, default and validators are what a pipeline may
    say, its `metadata["help"]` the explanation. `factory` is `"package.module:callable"`, imported
    only when the thing is used.
    """

    name: str
    factory: str
    options: type = field(default=NoOptions)
    help: str = ""


@frozen
class StageSpec(PluginSpec):
    """A search method; `factory(options, start: StageStart) -> Stage`."""


@frozen
class FitnessSpec(PluginSpec):
    """A fitness function; `factory(options) -> FitnessFunction`."""


@frozen
class ExecutorSpec(PluginSpec):
    """An executor; `factory(options, project: Path) -> Executor`."""


@frozen
class EngineSpec(PluginSpec):
    """An engine; `factory(options, project: Path) -> Engine`. Options: `[strategy]`.

    `init` and `imports` are optional, and named as the factory is.
    `init(wish: InitWish) -> Draft | None` reads a strategy for `leanopt init`, None where it is not
    for this engine. `imports(wish: ImportWish, registry: Registry) -> Translation` translates what
    another optimizer is told, for `leanopt import`; it raises UsageError for what it cannot take.
    """

    init: str = ""
    imports: str = ""


@frozen
class SinkSpec(PluginSpec):
    """A result sink; `factory(options, project: Path) -> Sink`."""


@frozen
class CommandSpec:
    """A command of its own: `factory` names a click command, loaded when it is called."""

    name: str
    factory: str
    help: str = ""
