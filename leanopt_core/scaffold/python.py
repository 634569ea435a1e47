"""What a first pipeline says of a strategy written in Python."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from types import MappingProxyType
from typing import Final

from leanopt_core.errors import UsageError
from leanopt_core.scaffold.document import Line
from leanopt_core.scaffold.draft import Draft, InitWish
from leanopt_core.scaffold.source import Source, read_source

#: What a scenario has of its own, with an example of each.
EXAMPLES: Final = MappingProxyType(
    {"start": date(2010, 1, 4), "end": date(2019, 12, 31), "cash": 100_000}
)
_OWN: Final = ("name", "symbol", "data", *EXAMPLES)
_EXAMPLE: Final = 'parameters["fast"] or parameters.get("fast", 10)'


def draft(wish: InitWish) -> Draft:
    """Return what a pipeline says of a strategy; raises UsageError where it is none."""
    file = _only(wish.strategy) if wish.strategy.is_dir() else wish.strategy
    if wish.algorithm is not None:
        raise UsageError(f"--algorithm is for LEAN projects; {file} is none")
    source, folder = read_source(file), wish.folder
    stem = source.file.stem
    return Draft(
        source.file.resolve().parent.name if stem in ("strategy", "main") else stem,
        str(file),
        _EXAMPLE,
        tuple(_strategy(source, folder)),
        tuple(_scenario(source)),
        source.parameters,
        source.statistics,
        source.lean,
    )


def _only(folder: Path) -> Path:
    """Return the one strategy of a folder."""
    found = []
    for file in sorted(folder.glob("*.py")):
        try:
            read_source(file)
        except UsageError:
            continue
        found.append(file)
    if len(found) != 1:
        names = ", ".join(file.name for file in found) or "none"
        raise UsageError(f"name one file in {folder}; with a function marked @backtest: {names}")
    return found[0]


def path_from(folder: Path, path: Path) -> str:
    """Return a path as a pipeline in `folder` writes it."""
    return Path(os.path.relpath(path.resolve(), folder.resolve())).as_posix()


def _strategy(source: Source, folder: Path) -> Iterator[Line]:
    yield Line("entry", f"{path_from(folder, source.file)}:{source.function}")
    if "data" in source.scenario:
        data = source.file.resolve().parent / "data"
        there = "the strategy finds it at scenario.data"
        absent = "the strategy reads scenario.data: say here where the data is"
        known = data.exists()
        yield Line("data", path_from(folder, data), there if known else absent, off=not known)


def _scenario(source: Source) -> Iterator[Line]:
    if "symbol" in source.scenario:
        yield Line("symbol", "SPY", "the strategy reads scenario.symbol: set yours")
    for name, example in EXAMPLES.items():
        if name in source.scenario:
            yield Line(name, example, off=True)
    for name in source.scenario:
        if name not in _OWN:
            yield Line(name, "...", f"the strategy reads scenario.{name}", off=True)
