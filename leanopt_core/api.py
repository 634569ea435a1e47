"""Every name that a plugin needs: `from leanopt_core.api import hookimpl, StageSpec`.

These names are the plugin contracts of version `API_VERSION`, except those in the last sections of
`api.pyi`, which may change in a minor version. Other modules of the core can change at any time,
except `leanopt_core.run`, `leanopt_core.open_store` and the kits in
`leanopt_core.testing`.

Each name is imported from its module on first use, so a plugin that only registers itself loads
nothing heavy. `api.pyi`, the stub that type checkers read, is the list of names.
"""

from __future__ import annotations

import ast
from importlib import import_module
from pathlib import Path
from typing import Any, Final

_MODULES: Final = {
    name.name: statement.module or ""
    for statement in ast.parse(Path(__file__).with_suffix(".pyi").read_text("utf-8")).body
    if isinstance(statement, ast.ImportFrom)
    for name in statement.names
}

__all__ = sorted(_MODULES)  # noqa: PLE0605 - read from the stub


def __getattr__(name: str) -> Any:
    # Each `from` import asks for such names, which are no mistakes.
    if name.startswith("__"):
        raise AttributeError(name)
    if name not in _MODULES:
        # Loaded here, since it is needed for the message alone.
        from leanopt_core.suggest import did_you_mean

        raise AttributeError(
            f"module {__name__!r} has no name {name!r}; {did_you_mean(name, _MODULES)}"
        )
    value = globals()[name] = getattr(import_module(_MODULES[name]), name)
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_MODULES})
