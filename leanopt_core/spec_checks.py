"""Find what is wrong with a specification that a plugin registers."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

import attrs

from leanopt_core.needs import NEEDS
from leanopt_core.specs import EngineSpec, FitnessSpec, PluginSpec
from leanopt_core.suggest import did_you_mean

# Parts of a specification that name code; all but the first are optional.
_PARTS: Final = ("factory", "init", "imports")
_MUTABLE: Final = (list, dict, set, bytearray)
# The fields of a scenario that an engine need not take.
_OPTIONAL: Final = ("dates", "warmup")


def wrong_spec(hook: str, spec: object, expected: type) -> str:
    """Return what is wrong with a specification that `hook` returned, an empty text if nothing."""
    if type(spec) is not expected:
        return f"{hook} returned {_shown(spec)}, expected {expected.__name__}"
    name = getattr(spec, "name", "")
    if not isinstance(name, str) or not name.replace("_", "").replace("-", "").isalnum():
        return f"{hook} registered the name {_shown(name)}, expected letters, digits, '_' and '-'"
    for part in _PARTS:
        path = getattr(spec, part, "")
        if (path or part == "factory") and (not isinstance(path, str) or path.count(":") != 1):
            found = f"{name!r} has the {part} {_shown(path)}"
            return f"{hook}: {found}, expected 'package.module:callable'"
    options = getattr(spec, "options", None)
    if isinstance(spec, PluginSpec) and not (isinstance(options, type) and attrs.has(options)):
        return f"{hook}: the options of {name!r} are {_shown(options)}, expected an attrs class"
    default = _shared_default(hook, name, options) if isinstance(options, type) else ""
    return default or _wrong_names(hook, spec)


def _wrong_names(hook: str, spec: object) -> str:
    """Return what is wrong with the names of what a plugin needs or takes."""
    if isinstance(spec, FitnessSpec):
        return _unknown(f"{hook}: {spec.name!r}", "needs", spec.needs, NEEDS)
    if isinstance(spec, EngineSpec):
        return _unknown(f"{hook}: {spec.name!r}", "takes", spec.takes, _OPTIONAL)
    return ""


def _unknown(what: str, does: str, found: object, known: Collection[str]) -> str:
    if not isinstance(found, frozenset):
        names = ", ".join(map(repr, sorted(known)))
        return f"{what} has the {does} {_shown(found)}, expected some of {names}"
    for name in sorted(map(str, found - frozenset(known))):
        return f"{what} {does} {name!r}; {did_you_mean(name, known)}"
    return ""


def _shared_default(hook: str, name: str, options: type) -> str:
    """Return what is wrong if a default is one mutable object, which all runs would share."""
    for one in attrs.fields(options):
        if isinstance(one.default, _MUTABLE):
            where = f"{options.__name__}.{one.name}"
            kind = type(one.default).__name__
            return (
                f"{hook}: the options of {name!r} have a mutable default, {where} = "
                f"{_shown(one.default)}; write field(factory={kind}) or a tuple"
            )
    return ""


def _shown(value: object) -> str:
    try:
        return repr(value)
    except Exception:  # noqa: BLE001 - a foreign value may not even say what it is
        return f"a {type(value).__name__}"
