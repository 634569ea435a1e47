"""leanopt: searches a trading strategy's parameter space with warm engines.

From Python, `run` runs a pipeline and `open_store` reads its results. Plugins import from
`leanopt_core.api`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from leanopt_core.python import open_store, run

__all__ = ["__version__", "open_store", "run"]

__version__ = "0.1.0"


def __getattr__(name: str) -> Any:
    # Loaded on first use: importing a plugin must not load the whole search.
    if name in ("open_store", "run"):
        from leanopt_core import python

        return getattr(python, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
