"""One thread for linear algebra: results must not depend on the number of cores."""

from __future__ import annotations

from contextlib import AbstractContextManager
from functools import cache
from typing import Any


@cache
def _controller() -> Any:
    import scipy.linalg  # noqa: F401 - its library must be loaded to be found
    from threadpoolctl import (  # type: ignore[import-untyped]  # it has no stubs
        ThreadpoolController,
    )

    return ThreadpoolController()


def load() -> None:
    """Load the models' libraries, which takes half a second: early, while workers start."""
    import scipy.optimize
    import scipy.special  # noqa: F401 - as above

    _controller()


def one_thread() -> AbstractContextManager[None]:
    """Return a context in which numeric libraries use one thread."""
    limited: AbstractContextManager[None] = _controller().limit(limits=1)
    return limited
