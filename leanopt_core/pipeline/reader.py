"""Read a document's tables: leanopt's own keys, and the options of plugins."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from types import MappingProxyType
from typing import TypeVar

import attrs
from attrs import frozen
from cattrs import Converter

from leanopt_core.errors import PluginError
from leanopt_core.pipeline.problems import Problems, ValidationError
from leanopt_core.pipeline.settings import Choice
from leanopt_core.pipeline.structure import option_fields, structure_table
from leanopt_core.pipeline.toml import KeyPath, key_text, toml_text
from leanopt_core.plugins import Kind, Registered, Registry

T = TypeVar("T")

_FIRST: Mapping[Kind, str] = MappingProxyType(
    {
        Kind.STAGE: "pip install leanopt-lhs leanopt-random",
        Kind.FITNESS: "pip install leanopt-calmar leanopt-statistic",
    }
    | dict.fromkeys((Kind.ENGINE, Kind.EXECUTOR, Kind.SINK), "pip install leanopt-core")
)


@frozen
class Reader:
    """Convert TOML values to settings; errors go to `problems` and leave None."""

    registry: Registry
    converter: Converter
    problems: Problems

    def table(
        self,
        raw: object,
        at: KeyPath,
        kind: type[T],
        also: Collection[str] = (),
        label: str = "",
    ) -> T | None:
        """Return the table `raw` as an instance of `kind`; `also` are further names to suggest.

        `label` names the plugin whose options they are.
        """
        try:
            return structure_table(raw, kind, self.converter, also)
        except ValidationError as error:
            for found in error.issues:
                where = (*at, *found.at)
                if label and found.fault:
                    why = f"{label}, checking its options: {found.fault}"
                    self.problems.blame(where, found.found, "cannot be checked", why)
                else:
                    self.problems.add(where, found.found, found.expected, found.hint)
            return None

    def with_plugin(
        self, raw: object, at: KeyPath, kind: type[T], plugin: Kind, key: str = "use"
    ) -> tuple[T | None, Choice | None]:
        """Return a table's own keys, and the plugin named by `key` with the other keys."""
        if not isinstance(raw, Mapping):
            self.problems.add(at, toml_text(raw), "expected a table")
            return None, None
        own = option_fields(kind)
        registered = self._registered(plugin, raw.get(key, own[key].default), (*at, key))
        table = self.table({k: v for k, v in raw.items() if k in own}, at, kind)
        if registered is None:
            return table, None
        _check_options(registered, own)
        others = {k: v for k, v in raw.items() if k not in own}
        label = (
            f"{plugin} {registered.spec.name!r} ({registered.distribution} {registered.version})"
        )
        kind_of = registered.spec.options
        options: object | None = self.table(others, at, kind_of, also=own, label=label)
        if options is None:
            return table, None
        return table, Choice(registered.spec.name, registered, options)

    def installed(self, kind: Kind) -> str:
        """Return a hint: the installed names, or how to install one."""
        names = ", ".join(self.registry.names(kind))
        return f"choose from: {names}" if names else f"none installed; {_FIRST[kind]}"

    def tables(self, raw: object, at: KeyPath) -> list[tuple[object, KeyPath]]:
        """Return the items of an array of tables, each with its path."""
        if not isinstance(raw, list):
            name = at[-1]
            hint = f"write [[{name}]]" if isinstance(raw, Mapping) else ""
            self.problems.add(at, toml_text(raw), "expected an array of tables", hint)
            return []
        return [(item, (*at, index)) for index, item in enumerate(raw)]

    def refuse_set(self, table: object, at: KeyPath, keys: Iterable[str], use: str) -> None:
        """Report keys of a table that are not at their defaults, though only `use` has them."""
        fields = option_fields(type(table))
        for key in keys:
            if (found := getattr(table, key)) != fields[key].default:
                said = toml_text(list(found) if isinstance(found, tuple) else found)
                expected = f"expected no {key}: it is for use = {toml_text(use)}"
                self.problems.add((*at, key), said, expected)

    def unique(self, name: str, at: KeyPath, seen: dict[str, KeyPath]) -> bool:
        """Return whether `name`, found at `at`, is not in `seen`, and add it; report a repeat."""
        if name in seen:
            first = key_text(seen[name][:-1])
            self.problems.add(at, toml_text(name), f"expected a unique name; {first} has it too")
            return False
        seen[name] = at
        return True

    def _registered(self, kind: Kind, use: object, at: KeyPath) -> Registered | None:
        expected = f"expected an installed {kind}"
        if use is attrs.NOTHING:
            self.problems.add(at, "nothing", expected, self.installed(kind))
        if not isinstance(use, str):
            return None
        registered = self.registry.find(kind, use)
        if registered is None:
            self._absent(kind, use, at)
        return registered

    def _absent(self, kind: Kind, use: str, at: KeyPath) -> None:
        """Report a name that no usable plugin of this kind has."""
        expected = f"expected an installed {kind}"
        others = [other for other in Kind if self.registry.find(other, use)]
        if others and (kind, use) not in self.registry.refused:
            hint = f"{use} is an installed {others[0]}; {self.installed(kind)}"
            self.problems.add(at, toml_text(use), expected, hint)
        elif culprits := self.registry.culprits(kind, use):
            why = "; ".join(map(str, culprits))
            self.problems.blame(at, toml_text(use), expected, why)
        else:
            hint = self.registry.install_hint(kind, use)
            self.problems.add(at, toml_text(use), expected, hint)


def _check_options(registered: Registered, own: Collection[str]) -> None:
    """Raise PluginError for options that a pipeline cannot set."""
    spec = registered.spec
    what = f"{spec.name!r} of {registered.distribution} {registered.version}"
    try:
        fields = option_fields(spec.options)
    except Exception as error:
        raise PluginError(f"the options of {what} cannot be read: {error}") from error
    for name in own:
        if name in fields and fields[name].default is attrs.NOTHING:
            raise PluginError(f"{what} has the option {name!r}, but leanopt reserves that key")
