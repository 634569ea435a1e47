"""Read `[[sink]]`: the plugins, and the placeholders in their paths."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

from leanopt_core.pipeline.reader import Reader
from leanopt_core.pipeline.settings import Choice
from leanopt_core.pipeline.tables import SinkTable
from leanopt_core.pipeline.toml import toml_text
from leanopt_core.plugins import Kind
from leanopt_core.project_files import occupied
from leanopt_core.sinks.paths import PLACEHOLDERS, fill, paths, placeholders
from leanopt_core.suggest import did_you_mean
from leanopt_core.work import Scenario

_EXPECTED: Final = "expected {run}, {search} or {symbol}"
# The option that names the file that a sink writes; other paths may be files that it reads.
_FILE: Final = "path"


def read_sinks(
    raw: object, reader: Reader, pipeline: Path, scenarios: Sequence[Scenario]
) -> Iterator[Choice]:
    """Yield the sinks of a document's `sink`; `pipeline` is its file."""
    symbols = [scenario.symbol for scenario in scenarios]
    written = set[tuple[str, Path]]()
    for item, at in reader.tables(raw, ("sink",)):
        choice = reader.with_plugin(item, at, SinkTable, Kind.SINK)[1]
        if choice is None:
            continue
        for key, path in paths(choice.options):
            wrong = _wrong(key, path, pipeline, symbols)
            if key == _FILE and (choice.use, path) in written:
                wrong = "expected another file: another sink writes it too", ""
            if key == _FILE:
                written.add((choice.use, path))
            if wrong is not None:
                given = item.get(key, str(path)) if isinstance(item, Mapping) else str(path)
                reader.problems.add((*at, key), toml_text(given), *wrong)
        yield choice


def _wrong(
    key: str, path: Path, pipeline: Path, symbols: Sequence[str | None]
) -> tuple[str, str] | None:
    """Return what was expected of a path instead, and a hint; None if it can be used."""
    folder = pipeline.absolute().parent
    names = placeholders(path, folder)
    unknown = next((name for name in names if name not in PLACEHOLDERS), None)
    if unknown is not None:
        return f"{_EXPECTED} instead of {{{unknown}}}", did_you_mean(unknown, PLACEHOLDERS)
    if "symbol" in names and None in symbols:
        return "expected a symbol in every scenario, because of {symbol}", ""
    if key != _FILE:
        return None
    values = [{"run": "run", "search": "1", "symbol": symbol or ""} for symbol in symbols or [""]]
    files = dict.fromkeys(fill(path, folder, one) for one in values)
    return next(((wrong, "") for file in files if (wrong := _misplaced(file, pipeline))), None)


def _misplaced(path: Path, pipeline: Path) -> str | None:
    """Return what is wrong with a sink's path, None if it can be used."""
    folder = pipeline.absolute().parent
    reason = occupied(path, folder, pipeline)
    if reason is not None:
        return f"expected another file: {reason}"
    if not path.parent.is_dir() and not path.resolve().is_relative_to(folder.resolve()):
        return "expected a path in an existing folder; only the project gets new folders"
    return None
