"""The specifications that a plugin registers; they are light, so listing plugins is fast."""

from __future__ import annotations

from collections.abc import Iterable
from keyword import iskeyword
from typing import Any

import attrs
from attrs import define, field, frozen


def _names(given: str | Iterable[str]) -> frozenset[str]:
    try:
        return frozenset({given} if isinstance(given, str) else given)
    except TypeError:
        return given  # type: ignore[return-value]  # reported by name when plugins are listed


def option_key(field: attrs.Attribute[Any]) -> str:
    """Return the key of an option in a pipeline: `from` for a field called `from_`.

    Python reserves some words that are good keys.
    """
    name = field.alias or field.name
    plain = name.removesuffix("_")
    return plain if iskeyword(plain) else name


@define
class NoOptions:
    """The options of a plugin without options."""


@frozen
class PluginSpec:
    """The name, options and code location of one plugin.

    `options` is an attrs class: the type, default and validators of each field define what a
    pipeline may set, `metadata["help"]` explains it. `factory` is `"package.module:callable"`,
    imported only on use.
    """

    name: str
    factory: str
    options: type = field(default=NoOptions)
    help: str = ""


@frozen
class StageSpec(PluginSpec):
    """A search method; `factory(options, start: StageStart) -> Stage`.

    If the method ends by itself, its options can have an attribute or property `most_trials`: the
    most trials that it proposes (int), None if unknown. `leanopt plan` counts with it.

    If the method takes time, its options can have a method `ask_seconds(trials: int, lookahead:
    int) -> float`: the mean seconds that ask and tell of a trial take together, in a stage of so
    many trials. With an option `asks_per_second` (a number or None) users can choose how many
    asks a second it makes at least. If workers would wait for the method, `leanopt plan` says which
    value to set, and `leanopt run` if they do.
    """


@frozen
class FitnessSpec(PluginSpec):
    """A fitness function; `factory(options) -> FitnessFunction`.

    `needs` are what its backtests must have besides statistics: some of `returns` (daily returns),
    `equity` (the whole curve) and `trades` (the closed trades).
    """

    needs: frozenset[str] = field(default=frozenset(), converter=_names)


@frozen
class ExecutorSpec(PluginSpec):
    """An executor; `factory(options, project: Path) -> Executor`.

    `init` and `imports` are optional; they have the same form as `factory`.
    `init(wish: InitWish, draft: Draft) -> tuple[Line, ...] | None` returns the table `[executor]`
    for `leanopt init`; None means that this executor is not for it.
    `imports(wish: ImportWish, registry: Registry) -> Translation` is as for engines.
    """

    init: str = ""
    imports: str = ""


@frozen
class EngineSpec(PluginSpec):
    """An engine; `factory(options, project: Path) -> Engine`. Options: `[strategy]`.

    `init` and `imports` are optional; they have the same form as `factory`.
    `init(wish: InitWish) -> Draft | None` reads a strategy for `leanopt init`; None means that it
    is not for this engine. `imports(wish: ImportWish, registry: Registry) -> Translation` converts
    another optimizer's configuration for `leanopt import`; it raises UsageError if it cannot.
    `statistics` are the names, as in `Statistics.values`, that every completed backtest reports as
    numbers; leanopt warns of a name in a pipeline that resembles one of them. `takes` are the
    optional fields of a scenario that the engine gives its strategies: `warmup`, and `dates` for
    both `start` and `end`. leanopt refuses pipelines that need others.
    """

    init: str = ""
    imports: str = ""
    statistics: tuple[str, ...] = ()
    takes: frozenset[str] = field(default=frozenset(), converter=_names)


@frozen
class SinkSpec(PluginSpec):
    """A result sink; `factory(options, project: Path) -> Sink`.

    `only_new` is true for a sink that a resumed run must not repeat trials to, such as a sink that
    sends messages; it gets the trials after the last one that it took.
    """

    only_new: bool = False


@frozen
class CommandSpec:
    """An additional command: `factory` names a click command, loaded when it is called."""

    name: str
    factory: str
    help: str = ""


@frozen
class SectionSpec:
    """A section of `leanopt show --evidence`.

    `factory(store: OpenStore, run: StoredRun, search: int | None) -> ShowSection` reads the run
    from the open store (`leanopt_core.open_store`); `search` is the number of the only search that
    is asked for, None for all. It is imported and called when somebody asks for it.
    """

    name: str
    factory: str
    help: str = ""
