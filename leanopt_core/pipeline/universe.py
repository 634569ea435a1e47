"""Read a universe: the symbols of a run, from a list or a file, with what is their own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

from attrs import evolve, frozen

from leanopt_core.errors import PipelineError
from leanopt_core.pipeline.problems import Problems
from leanopt_core.pipeline.symbol_files import read_symbols
from leanopt_core.pipeline.tables import MOST_AT_ONCE
from leanopt_core.pipeline.toml import KeyPath, key_text, toml_text
from leanopt_core.pipeline.values import check_values

#: The keys that say something about all symbols, so that no symbol has one of its own.
OF_ALL: Final = ("universe", "separate")

LONGEST_SYMBOL: Final = 300
_ITEM: Final = "expected a symbol, or a table with one"


@frozen
class Entry:
    """One symbol with the keys of its scenario that are its own, and where it was found.

    `problems` collects what is wrong with it, below the path `at`; `where` names the place.
    """

    table: Mapping[str, object]
    problems: Problems
    at: KeyPath
    where: str


def read_universe(
    universe: Path | Sequence[object], at: KeyPath, problems: Problems
) -> Iterator[Entry]:
    """Yield the symbols of a list at the path `at`, or of a file.

    Report symbols that come twice or cannot be one, and a file that cannot be read, with the line.
    """
    if isinstance(universe, Path):
        entries = _in_file(_shown(universe, problems), universe, problems)
    else:
        places = [(*at, index) for index in range(len(universe))]
        entries = (
            Entry(table, problems, place, key_text(place))
            for place, item in zip(places, universe, strict=True)
            if (table := _table(item, place, problems)) is not None
        )
    seen = dict[str, str]()
    for entry in entries:
        symbol = str(entry.table["symbol"])
        if symbol in seen:
            expected = f"expected each symbol once; {seen[symbol]} has it too"
            # Not below `at`, which may be a plain text.
            entry.problems.add(entry.at, toml_text(symbol), expected)
        seen.setdefault(symbol, entry.where)
        yield entry
    if not problems.touched(at) and not 1 <= len(seen) <= MOST_AT_ONCE:
        expected = f"expected 1 to {MOST_AT_ONCE:,} symbols"
        problems.add(at, f"{len(seen):,}", expected)


def _shown(path: Path, problems: Problems) -> Path:
    """Return a file's path as the user names files: relative to the pipeline's."""
    pipeline = Path(problems.file)
    folder = pipeline.absolute().parent
    return pipeline.parent / path.relative_to(folder) if path.is_relative_to(folder) else path


def _in_file(shown: Path, path: Path, problems: Problems) -> Iterator[Entry]:
    try:
        for place, item in read_symbols(path):
            own = Problems(f"{shown}, {place}")
            table = _table(item, (), own)
            if table is not None:
                yield Entry(table, own, (), place)
            else:
                for mistake in own.mistakes:
                    problems.note(mistake)
    except PipelineError as error:
        for mistake in error.mistakes:
            problems.note(evolve(mistake, file=str(shown)))


def _table(item: object, at: KeyPath, problems: Problems) -> Mapping[str, object] | None:
    """Return an item as a table with a usable symbol; report it and return None if it has none."""
    table = {"symbol": item} if isinstance(item, str) else item
    if not isinstance(table, dict) or "symbol" not in table:
        problems.add(at, toml_text(item), _ITEM)
        return None
    before = len(problems.mistakes)
    check_values(table, problems, at)
    for key in OF_ALL:
        if key in table:
            problems.add((*at, key), "", "unknown key for a symbol")
    if len(problems.mistakes) == before and (wrong := _wrong(table["symbol"])):
        problems.add(at, toml_text(table["symbol"]), wrong)
    return None if len(problems.mistakes) > before else table


def _wrong(symbol: object) -> str:
    """Return what is wrong with a symbol, an empty text if it can be used."""
    if not isinstance(symbol, str):
        return "expected a text as symbol"
    if not 1 <= len(symbol) <= LONGEST_SYMBOL:
        return f"expected a symbol of 1 to {LONGEST_SYMBOL} characters"
    if not symbol.isprintable() or symbol.strip() != symbol:
        return "expected printable characters, and no space around them"
    return ""
