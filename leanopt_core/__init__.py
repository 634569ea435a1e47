"""leanopt: searches a trading strategy's parameter space with warm engines.

From Python, `run` runs a pipeline and `open_store` reads what was found. What a plugin needs is
here too: `hookimpl` marks its hooks, `API_VERSION` is the version of the plugin contracts that
this core offers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from leanopt_core.hookspecs import API_VERSION, hookimpl

if TYPE_CHECKING:
    from leanopt_core.python import open_store, run

__all__ = ["API_VERSION", "__version__", "hookimpl", "open_store", "run"]

__version__ = "0.1.0"


def __getattr__(name: str) -> Any:
    # Loaded when asked for: a plugin's start must not load the whole search.
    if name in ("open_store", "run"):
        from leanopt_core import python

        return getattr(python, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
