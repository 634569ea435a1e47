"""How much of a best result is selection: pure functions on arrays, and what they say of a run.

Returns are one a period, in excess of the risk-free rate; Sharpe ratios and their variances are per
period; kurtosis is raw (normal: 3). What is unknown is None with a reason; NaN and infinity are
errors (ValueError). A probability is one minus a p-value, not the chance that a strategy is good.

Each name is imported from its module on first use, so leanopt lists plugins without NumPy.
`__init__.pyi`, the stub that type checkers read, is the list of names.
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
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no name {name!r}")
    value = globals()[name] = getattr(import_module(_MODULES[name]), name)
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_MODULES})
