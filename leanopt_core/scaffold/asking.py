"""Asks installed engines for what their specifications offer besides a factory."""

from __future__ import annotations

from typing import TypeVar

from leanopt_core.errors import PluginError
from leanopt_core.plugins import CORE, Kind, Registered, Registry
from leanopt_core.search.contain import Guard

T = TypeVar("T")


def offering(registry: Registry, part: str) -> list[Registered]:
    """Return the engines that name code by this part, the core's last, else by name."""
    found = [registry.entries[Kind.ENGINE, name] for name in registry.names(Kind.ENGINE)]
    engines = [one for one in found if getattr(one.spec, part, "")]
    return sorted(engines, key=lambda one: one.distribution == CORE)


def ask(engine: Registered, part: str, kind: type[T], *arguments: object) -> T | None:
    """Return what a part of an engine makes of its arguments, a `kind` or None.

    Raises PluginError where it makes something else, or fails by no error for users.
    """
    label = f"engine {engine.spec.name!r} ({engine.distribution} {engine.version})"
    made = Guard(label).call(f"asked for {part!r}", engine.load(part), *arguments)
    if made is None or isinstance(made, kind):
        return made
    what = f"it returned {made!r:.100}, expected {kind.__name__}"
    raise PluginError(f"{label}, asked for {part!r}: {what}")
