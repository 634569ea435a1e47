"""What the distribution carries beside its Python code."""

from __future__ import annotations

from pathlib import Path

from leanopt_core.errors import StrategyError

_PACKAGE = Path(__file__).resolve().parent
#: Where the sources are: in a wheel, in a checkout of the repository.
_PLACES = (_PACKAGE / "csharp", _PACKAGE.parents[2] / "harness" / "csharp")


def csharp_sources() -> Path:
    """Return the folder of the C# harness's sources; raises StrategyError where there is none."""
    for folder in _PLACES:
        if folder.is_dir():
            return folder
    raise StrategyError(
        f"the sources of the C# harness are not in {_PLACES[0]}: reinstall leanopt-lean"
    )
