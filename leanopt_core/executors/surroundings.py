"""What a worker finds around it wherever it runs: its places, and variables that are always set."""

from __future__ import annotations

import re
from collections.abc import Mapping

from leanopt_core.errors import ExecutorError
from leanopt_core.work import PLACES

_PLACE = re.compile(r"\{([a-z][a-z0-9_]*)\}")
_THREADS = tuple(
    f"{name}_THREADS"
    for name in (
        *("OMP_NUM", "OPENBLAS_NUM", "MKL_NUM", "BLIS_NUM", "VECLIB_MAXIMUM"),
        *("NUMEXPR_NUM", "NUMEXPR_MAX", "NUMBA_NUM", "POLARS_MAX", "RAYON_NUM"),
    )
)
# Results must not depend on where leanopt was started.
_FIXED = {"PYTHONHASHSEED": "0", "PYTHONUTF8": "1", "LC_ALL": "C.UTF-8", "TZ": "UTC"}


def variables(threads: int) -> dict[str, str]:
    """Return the environment of every worker; numeric libraries use so many threads."""
    return {**_FIXED, **dict.fromkeys(_THREADS, str(threads))}


def fill_places(places: Mapping[str, str], text: str) -> str:
    """Return `text` with `{data}` and the like replaced by the worker's places.

    Raises ExecutorError for one of `PLACES` that stands for nothing; other words in braces stay.
    """
    return _PLACE.sub(lambda match: _place(places, match), text)


def _place(places: Mapping[str, str], match: re.Match[str]) -> str:
    name = match[1]
    if name in PLACES and name not in places:
        raise ExecutorError(f"{{{name}}} is asked for, but nothing is mounted as '{name}'")
    return places.get(name, match[0])
