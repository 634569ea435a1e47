"""leanopt: searches a trading strategy's parameter space with warm engines.

From Python, `run` runs a pipeline and `open_store` reads its results. Plugins use `hookimpl` to
mark their hooks; `API_VERSION` is the version of the plugin contracts of this core.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from leanopt_core.hookspecs import API_VERSION, hookimpl

if TYPE_CHECKING:
    from leanopt_core.python import open_store, run

__all__ = ["API_VERSION", "__version__", "hookimpl", "open_store", "run"]

__version__ = "0.1.0"


def __getattr__(name: str) -> Any:
    # Loaded on first use: importing a plugin must not load the whole search.
    if name in ("open_store", "run"):
        from leanopt_core import python

        return getattr(python, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
