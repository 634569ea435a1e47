"""Find plugins through entry points, and report what is wrong with one, by distribution."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, nullcontext
from enum import StrEnum
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from typing import Any

import pluggy
from attrs import define, field, frozen

from leanopt_core import hookspecs
from leanopt_core.catalogue import DISTRIBUTIONS
from leanopt_core.distributions import headers
from leanopt_core.errors import PluginError
from leanopt_core.spec_checks import wrong_spec
from leanopt_core.specs import (
    CommandSpec,
    EngineSpec,
    ExecutorSpec,
    FitnessSpec,
    PluginSpec,
    SectionSpec,
    SinkSpec,
    StageSpec,
)
from leanopt_core.suggest import did_you_mean, nearest

CORE = "leanopt-core"


class Kind(StrEnum):
    """The kinds of plugin that a pipeline can use."""

    STAGE = "stage"
    FITNESS = "fitness function"
    EXECUTOR = "executor"
    ENGINE = "engine"
    SINK = "sink"


_HOOKS: Mapping[str, tuple[Kind | None, type]] = {
    "leanopt_stages": (Kind.STAGE, StageSpec),
    "leanopt_fitness": (Kind.FITNESS, FitnessSpec),
    "leanopt_executors": (Kind.EXECUTOR, ExecutorSpec),
    "leanopt_engines": (Kind.ENGINE, EngineSpec),
    "leanopt_sinks": (Kind.SINK, SinkSpec),
    "leanopt_commands": (None, CommandSpec),
    "leanopt_show_sections": (None, SectionSpec),
}

_GUIDE = "docs/how-to/move-a-plugin-to-2.md"

# What a plugin for an older version of the contracts has to change.
_CHANGES: Mapping[object, str] = {
    1: (
        "a stage's tell takes a context, an executor's run_command takes a Command, a sink has "
        f"start, trial, stage and finish, and the observer hooks are sinks now: see {_GUIDE}"
    )
}


@frozen
class PluginProblem:
    """A problem with a plugin and its distribution; the plugin (or the name) is not used."""

    distribution: str
    message: str

    def __str__(self) -> str:
        """Return the problem as one line."""
        return f"plugin {self.distribution}: {self.message}"


@frozen
class Registered:
    """A registered specification with its distribution and version."""

    spec: PluginSpec
    distribution: str
    version: str

    def load(self, part: str = "factory") -> Callable[..., Any]:
        """Import and return the factory, or another part that the specification names.

        Raises PluginError, naming the distribution, if that fails.
        """
        what = f"{self.spec.name!r} of {self.distribution} {self.version}"
        loaded: Callable[..., Any] = _load(getattr(self.spec, part), what)
        return loaded


@frozen
class RegisteredCommand:
    """A command of a plugin."""

    spec: CommandSpec
    distribution: str

    def load(self) -> Any:
        """Import and return the click command; raises PluginError if that fails."""
        return _load(self.spec.factory, f"command {self.spec.name!r} of {self.distribution}")


@frozen
class RegisteredSection:
    """A section of `leanopt show` with the distribution and version of its plugin."""

    spec: SectionSpec
    distribution: str
    version: str

    @property
    def label(self) -> str:
        """Return the section's name with its distribution and version, as errors name it."""
        return f"section {self.spec.name!r} ({self.distribution} {self.version})"

    def load(self) -> Any:
        """Import and return the factory; raises PluginError if that fails."""
        return _load(self.spec.factory, self.label)


@frozen
class Registry:
    """All plugins by kind and name, with the problems found.

    Of the problems, `refused` has those that cost a single name, by kind and name, and `unusable`
    those that cost a plugin all or some of its names, which nobody knows.
    """

    entries: Mapping[tuple[Kind, str], Registered] = field(factory=dict)
    commands: Mapping[str, RegisteredCommand] = field(factory=dict)
    sections: Mapping[str, RegisteredSection] = field(factory=dict)
    problems: tuple[PluginProblem, ...] = ()
    manager: pluggy.PluginManager | None = None
    refused: Mapping[tuple[Kind, str], PluginProblem] = field(factory=dict)
    unusable: tuple[PluginProblem, ...] = ()

    def find(self, kind: Kind, name: str) -> Registered | None:
        """Return the plugin registered under `name`, or None."""
        return self.entries.get((kind, name))

    def names(self, kind: Kind) -> list[str]:
        """Return the names registered for a kind, sorted."""
        return sorted(name for of, name in self.entries if of is kind)

    def implementations(self, hook: str) -> list[pluggy.HookImpl]:
        """Return the implementations of a hook, in the order of the plugins."""
        if self.manager is None:
            return []
        return list(getattr(self.manager.hook, hook).get_hookimpls())

    def install_hint(self, kind: Kind, name: str) -> str:
        """Return what to do if no `kind` of this name is installed.

        Only distributions of the catalogue are proposed as `pip install`, never a guessed name.
        """
        ours = DISTRIBUTIONS.get(kind, {})
        installed = self.names(kind)
        close = nearest(name, {*installed, *ours})
        if close is not None and close in ours and close not in installed:
            first = "" if installed else "none installed; "
            meant = "" if close == name else f"did you mean '{close}'? "
            return f"{first}{meant}pip install {ours[close]}"
        hint = did_you_mean(name, installed) or "none installed"
        return hint if close else f"{hint}, or install the distribution that has it"

    def culprits(self, kind: Kind, name: str) -> tuple[PluginProblem, ...]:
        """Return the problems that may be why no `kind` of this name is there.

        Empty if no plugin has one, or the name is rather a misspelt one.
        """
        if (refused := self.refused.get((kind, name))) is not None:
            return (refused,)
        ours = DISTRIBUTIONS.get(kind, {})
        if name in ours:
            return tuple(one for one in self.unusable if one.distribution == ours[name])
        return () if nearest(name, {*self.names(kind), *ours}) else self.unusable


def _unnoted(_plugin: str, _doing: str) -> AbstractContextManager[None]:
    return nullcontext()


def discover(
    environment: Mapping[str, str] | None = None,
    *,
    noted: Callable[[str, str], AbstractContextManager[None]] = _unnoted,
) -> Registry:
    """Load every installed plugin, or those named by `LEANOPT_PLUGINS`.

    `LEANOPT_PLUGINS` holds distribution names separated by commas; the core always loads.
    `environment` defaults to `os.environ`. `noted` makes the context manager around
    each plugin's part of it, from the plugin's name and what it does.
    """
    environment = os.environ if environment is None else environment
    manager = pluggy.PluginManager("leanopt")
    manager.add_hookspecs(hookspecs)
    problems = _Problems()
    versions: dict[str, str] = {}
    for found in _allowed(environment.get("LEANOPT_PLUGINS"), problems):
        with noted(f"plugin {found.distribution} {found.version}", "being imported"):
            message = _register(manager, found)
        if message:
            problems.unusable(found.distribution, message)
        else:
            versions[found.name] = found.version
    specs = list(_collect(manager, versions, problems, noted))
    entries = _unique(specs, problems)
    commands = _named(specs, CommandSpec, "command", problems)
    sections = _named(specs, SectionSpec, "section", problems)
    return Registry(
        entries,
        {name: RegisteredCommand(spec, where) for name, (spec, where, _) in commands.items()},
        {name: RegisteredSection(*found) for name, found in sections.items()},
        tuple(problems.all),
        manager,
        problems.by_name,
        tuple(problems.whole),
    )


@define
class _Problems:
    """The problems found so far, as `Registry` has them."""

    all: list[PluginProblem] = field(factory=list)
    by_name: dict[tuple[Kind, str], PluginProblem] = field(factory=dict)
    whole: list[PluginProblem] = field(factory=list)

    def add(self, distribution: str, message: str) -> PluginProblem:
        self.all.append(PluginProblem(distribution, message))
        return self.all[-1]

    def unusable(self, distribution: str, message: str) -> None:
        self.whole.append(self.add(distribution, message))

    def refused(self, kind: Kind | None, spec: object, distribution: str, message: str) -> None:
        problem, name = self.add(distribution, message), getattr(spec, "name", None)
        if kind is None or not isinstance(name, str):
            self.whole.append(problem)
        else:
            self.by_name[kind, name] = problem


@frozen
class _Installed:
    """An entry point, and the distribution that has it."""

    entry: EntryPoint
    distribution: str
    version: str

    @property
    def name(self) -> str:
        return f"{self.distribution}:{self.entry.name}"


def _installed(entry: EntryPoint) -> _Installed:
    if entry.dist is None:
        return _Installed(entry, entry.value, "unknown")
    said = dict(headers(entry.dist))
    return _Installed(entry, said.get("Name", entry.value), said.get("Version", "unknown"))


def _allowed(limit: str | None, problems: _Problems) -> list[_Installed]:
    """Return the entry points to load, the core's first, then by name."""
    found = {one.name: one for one in map(_installed, entry_points(group="leanopt"))}
    entries = sorted(found.values(), key=lambda one: (one.distribution != CORE, one.name))
    if limit is None:
        return entries
    wanted = {_folded(name) for name in limit.split(",") if name.strip()}
    installed = {_folded(one.distribution) for one in entries}
    for name in sorted(wanted - installed):
        problems.add(name, f"LEANOPT_PLUGINS names it, but {_absent(name, installed)}")
    return [
        one for one in entries if one.distribution == CORE or _folded(one.distribution) in wanted
    ]


def _folded(name: str) -> str:
    return name.strip().lower().replace("_", "-")


def _absent(name: str, installed: Iterable[str]) -> str:
    return f"no such plugin is installed; {did_you_mean(name, installed)}"


def _register(manager: pluggy.PluginManager, installed: _Installed) -> str | None:
    """Load and register one plugin; return what is wrong with it, or None."""
    entry = installed.entry
    try:
        plugin = entry.load()
    except (Exception, SystemExit) as error:  # noqa: BLE001 - whatever a module raises
        return f"cannot be imported ({entry.value}): {type(error).__name__}: {error}{_moved(error)}"
    try:
        message = _other_version(plugin) or _misspelt(plugin)
        if message:
            return message
        manager.register(plugin, installed.name)
    except (pluggy.PluginValidationError, ValueError) as error:
        return f"has a hook with a wrong signature: {_one_line(error)}"
    except (Exception, SystemExit) as error:  # noqa: BLE001 - whatever a foreign object raises
        return f"cannot be inspected ({entry.value}): {type(error).__name__}: {_one_line(error)}"
    return None


def _moved(error: BaseException) -> str:
    """Return what to do if a plugin imports a name that this core does not have."""
    ours = isinstance(error, ImportError) and (error.name or "").partition(".")[0] == "leanopt_core"
    return f"; plugins import from leanopt_core.api: see {_GUIDE}" if ours else ""


def _other_version(plugin: object) -> str | None:
    """Return what is wrong with the version of the contracts that a plugin declares, or None."""
    this = hookspecs.API_VERSION
    version = getattr(plugin, "LEANOPT_API_VERSION", None)
    if version == this:
        return None
    if version is None:
        return (
            f"declares no version of the plugin contracts; this core has version {this}: "
            f"if the plugin fits it, write LEANOPT_API_VERSION = {this} (see {_GUIDE})"
        )
    advice = _CHANGES.get(version, "install another version of the plugin")
    return (
        f"is made for version {version!r} of the plugin contracts, but this core has version "
        f"{this}; {advice}"
    )


def _misspelt(plugin: object) -> str | None:
    """Return what is wrong with the names or markers of a plugin's hooks, or None."""
    known = [name for name in vars(hookspecs) if name.startswith("leanopt_")]
    for name in sorted(dir(plugin)):
        member = getattr(plugin, name)
        marked = getattr(member, "leanopt_impl", None) is not None
        if marked and name not in known:
            return f"implements the unknown hook {name}; {did_you_mean(name, known)}"
        if name in known and callable(member) and not marked:
            return f"defines {name} without @hookimpl, so it would be ignored"
    return None


def _collect(
    manager: pluggy.PluginManager,
    versions: Mapping[str, str],
    problems: _Problems,
    noted: Callable[[str, str], AbstractContextManager[None]],
) -> Iterator[tuple[Kind | None, Any, str, str]]:
    """Call each registration hook of each plugin separately, so that one cannot break another."""
    for hook, (kind, spec_type) in _HOOKS.items():
        for impl in getattr(manager.hook, hook).get_hookimpls():
            distribution = impl.plugin_name.partition(":")[0]
            version = versions[impl.plugin_name]
            try:
                with noted(f"plugin {distribution} {version}", f"called by {hook}"):
                    specs = list(impl.function())
            except (Exception, SystemExit) as error:  # noqa: BLE001 - a foreign hook
                message = f"{hook} failed: {type(error).__name__}: {error}"
                problems.unusable(distribution, message)
                continue
            for spec in specs:
                message = wrong_spec(hook, spec, spec_type)
                if message:
                    problems.refused(kind, spec, distribution, message)
                else:
                    yield kind, spec, distribution, version


def _unique(
    found: Iterable[tuple[Kind | None, Any, str, str]], problems: _Problems
) -> dict[tuple[Kind, str], Registered]:
    """Key by kind and name; a name registered twice is dropped, unless one is built in."""
    entries: dict[tuple[Kind, str], Registered] = {}
    clashing: set[tuple[Kind, str]] = set()
    for kind, spec, distribution, version in found:
        if kind is None:
            continue
        key = (kind, spec.name)
        first = entries.setdefault(key, Registered(spec, distribution, version))
        if first.spec is spec:
            continue
        stays = (
            f"the one built into {CORE} is used"
            if first.distribution == CORE
            else "neither is used"
        )
        message = f"{kind} {spec.name!r} is also registered by {first.distribution}; {stays}"
        problems.refused(kind, spec, distribution, message)
        if first.distribution != CORE:
            clashing.add(key)
    return {key: entry for key, entry in entries.items() if key not in clashing}


def _named(
    found: Iterable[tuple[Kind | None, Any, str, str]],
    spec_type: type[CommandSpec | SectionSpec],
    what: str,
    problems: _Problems,
) -> dict[str, tuple[Any, str, str]]:
    """Key commands or sections by name; one that is registered twice is dropped."""
    named: dict[str, tuple[Any, str, str]] = {}
    clashing: set[str] = set()
    for _, spec, distribution, version in found:
        if not isinstance(spec, spec_type):
            continue
        first, owner, _ = named.setdefault(spec.name, (spec, distribution, version))
        if first is not spec:
            message = f"{what} {spec.name!r} is also registered by {owner}"
            problems.add(distribution, f"{message}; neither is used")
            clashing.add(spec.name)
    return {name: one for name, one in named.items() if name not in clashing}


def _load(path: str, what: str) -> Any:
    module, _, attribute = path.partition(":")
    try:
        return getattr(import_module(module), attribute)
    except (Exception, SystemExit) as error:
        reason = f"{type(error).__name__}: {_one_line(error)}"
        raise PluginError(f"{what} cannot be loaded from {path!r}: {reason}") from error


def _one_line(error: BaseException) -> str:
    return " ".join(str(error).split())
