"""Imports a pipeline from files or a command line, and checks it as `leanopt check` does."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import suppress
from functools import partial
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import IO, Final

from attrs import evolve

from leanopt_core.api import (
    ImportWish,
    LeanoptError,
    Line,
    Mistake,
    PipelineError,
    Registry,
    Section,
    Translation,
    UsageError,
    document_text,
    key_text,
    load_pipeline,
    lookup,
)
from leanopt_lean.importing import dotenv
from leanopt_lean.importing.draft import At, Draft, Entry, Imported, note_lines
from leanopt_lean.importing.json_file import read_json
from leanopt_lean.importing.lean_cli import read_config
from leanopt_lean.importing.lean_flags import COMMAND, read_command
from leanopt_lean.importing.lean_optimizer import (
    Universe,
    read_optimizer,
    read_sets,
    read_universe,
)
from leanopt_lean.importing.lean_optimizer_sets import sets_of_list, sets_of_universe
from leanopt_lean.importing.lean_project import (
    project_of,
    put_data,
    put_lean,
    put_project,
    put_workers,
)
from leanopt_lean.importing.table import Table

_CONFIG: Final = "optimizer-config.json"
#: Keys that only one tool's files have.
_LEAN: Final = ("optimization-strategy", "optimization-criterion")
_SETS: Final = ("param_sets", "parameter_sets")
_UNIVERSE: Final = {"symbols", "base_config"}
_OPTIMIZER: Final = ("stages", "fitness", "parameter_space_file")
_LONGEST_NAME: Final = 60
#: Stand-ins for variables that are not set yet: an image's name, or a path (some must be absolute).
_ANY: Final = "/"
_ANY_IMAGE: Final = "image"
_TABLES: Final = {
    "strategy": (),
    "strategy.config": ("Further keys for LEAN's config.json.",),
    "scenario": (
        "The market conditions of every trial; `leanopt run --symbol` changes the symbol.",
    ),
    "parameters": (
        "Ranges are searched (min, min + step, ..., up to max); other parameters are fixed.",
    ),
    "constraints": (),
    "fitness": ("The value to optimize.",),
    "search": (),
    "executor": ("Backtests run in warm containers. `leanopt plugins docker` lists all options.",),
}
#: The keys that come first in a table; the others follow in the order in which they were set.
_FIRST: Final = ("name", "engine", "project", "use", "image", "pull", "workers", "symbol")


def translated(wish: ImportWish, registry: Registry) -> Translation:
    """Return the pipeline; raises UsageError, or PipelineError with all mistakes."""
    read = imported(wish, registry)
    return Translation(
        text_of(wish, read),
        partial(check, wish.path, read, registry),
        note_lines(read.notes),
        unset(read, wish.path.parent),
    )


def imported(wish: ImportWish, registry: Registry) -> Imported:
    """Read everything; raises UsageError, or PipelineError with all mistakes.

    After mistakes, the readable part is checked too, to report all mistakes together.
    """
    draft = Draft()
    if wish.command:
        _command(wish, draft)
    elif wish.source.is_dir():
        _folder(wish, draft)
    else:
        _file(wish.source, wish, draft)
    if draft.mistakes:
        draft.mistakes += _further(wish, draft, registry)
    return draft.finished()


def _further(wish: ImportWish, draft: Draft, registry: Registry) -> list[Mistake]:
    """Return the mistakes in the readable part, except those that follow from known ones."""
    read = draft.unfinished()
    known = {(one.file, one.key) for one in draft.mistakes}
    with suppress(OSError), _beside(wish.path) as file:
        file.write(text_of(wish, read).encode(errors="replace"))
        file.flush()
        path = Path(file.name)
        try:
            check(path, read, registry)
        except PipelineError as error:
            return [
                one
                for one in error.mistakes
                if one.file != str(path) and (one.file, one.key) not in known
            ]
        except LeanoptError:
            pass
    return []


def _beside(path: Path) -> IO[bytes]:
    """Open a temporary file in the pipeline's folder, since its paths are relative to that."""
    return NamedTemporaryFile(dir=path.parent, prefix=".", suffix=".toml")


def text_of(wish: ImportWish, read: Imported) -> str:
    """Return the pipeline's text."""
    source = COMMAND if wish.command else wish.source.resolve().name
    return document_text(sections_of(read, source))


def check(path: Path, read: Imported, registry: Registry) -> None:
    """Load the written pipeline; raises PipelineError with positions in the imported files.

    Variables that are not set yet are not mistakes.
    """
    absent = {
        name: _ANY_IMAGE if name == dotenv.IMAGE else _ANY for name in unset(read, path.parent)
    }
    environment = {**absent, **os.environ}
    try:
        load_pipeline(path, registry, environment=environment)
    except PipelineError as error:
        known = origins(read)
        raise PipelineError([_placed(one, known) for one in error.mistakes]) from None


def unset(read: Imported, folder: Path) -> list[str]:
    """Return the variables that the pipeline refers to and that are unset, sorted."""
    find = lookup(os.environ, folder)
    return sorted({name for name in read.variables if find(name) is None})


def _command(wish: ImportWish, draft: Draft) -> None:
    program, command, *words = wish.words
    if (Path(program).name, command) != ("lean", "optimize"):
        raise UsageError(
            f"{program} {command}: expected a file, a folder, or -- {COMMAND} with its options"
        )
    if wish.project is not None:
        raise UsageError(
            f"--project cannot be combined with {COMMAND}, which names its own project"
        )
    read_command(words, wish.path.parent, draft)
    draft.put("", "name", _name(draft.tables.get("strategy", {}), COMMAND))


def _file(file: Path, wish: ImportWish, draft: Draft) -> None:
    """Translate a configuration of LEAN's optimizer or of lean-optimizer, by its keys."""
    at = At(str(file))
    raw = read_json(file, at, draft)
    if raw is None:
        return
    root = file.parent.parent if file.absolute().parent.name == "config" else file.parent
    if isinstance(raw, list):
        raw = {"parameter_sets": raw}
    if not isinstance(raw, dict):
        draft.mistake(at, raw, "expected a JSON object or list")
        return
    if any(key in raw for key in _SETS):
        _sets(raw, at, root, wish, draft)
        return
    if raw.keys() >= _UNIVERSE:
        config, universe = read_universe(Table(raw, at, draft))
        if config is not None:
            _optimizer(root / config, root, wish, draft, universe)
        return
    if any(key in raw for key in _OPTIMIZER) and not any(key in raw for key in _LEAN):
        _optimizer(file, root, wish, draft)
        return
    project = _project(wish) or project_of(file)
    put_project(project, at, wish.path.parent, draft)
    settings = read_config(Table(raw, at, draft), draft)
    put_data(project, settings, wish.path.parent, draft)
    put_lean(draft)
    put_workers(settings.workers, settings.workers_at, draft)
    draft.put("", "name", _name(draft.tables["strategy"], file.stem))


def _folder(wish: ImportWish, draft: Draft) -> None:
    """Translate lean-optimizer's files in a folder, or LEAN's configuration in it."""
    source = wish.source
    found = [
        file
        for folder in (source, source / "config")
        for file in sorted(folder.glob("optimization*.json"))
    ]
    if not found and (source / _CONFIG).is_file():
        _file(source / _CONFIG, wish, draft)
        return
    if len(found) != 1:
        names = ", ".join(str(file.relative_to(source)) for file in found) or "none"
        raise UsageError(
            f"{source}: expected one optimization*.json or an {_CONFIG}, found {names}; name a file"
        )
    root = source.parent if source.absolute().name == "config" else source
    _optimizer(found[0], root, wish, draft)


def _sets(raw: Mapping[str, object], at: At, root: Path, wish: ImportWish, draft: Draft) -> None:
    """Translate a list of backtests of lean-optimizer."""
    if "param_sets" in raw:
        sets = sets_of_universe(Table(raw, at, draft), draft)
    else:
        listed = raw["parameter_sets"]
        sets = sets_of_list(listed if isinstance(listed, list) else [listed], at, draft)
    read_sets(sets, root, _project(wish), wish.path.parent, draft)
    _name_of(root, wish, draft)


def _optimizer(
    file: Path, root: Path, wish: ImportWish, draft: Draft, universe: Universe | None = None
) -> None:
    read_optimizer(file, root, _project(wish), wish.path.parent, draft, universe)
    _name_of(root, wish, draft)


def _name_of(root: Path, wish: ImportWish, draft: Draft) -> None:
    """Name the pipeline of a folder of lean-optimizer."""
    draft.put("", "name", _name(draft.tables.get("strategy", {}), root.resolve().name))
    env = root / ".env"
    if env.is_file() and env.resolve().parent != wish.path.parent.resolve():
        draft.note(At(".env"), f"is read only beside the pipeline; copy it from {root}")


def _project(wish: ImportWish) -> Path | None:
    if wish.project is not None and not wish.project.exists():
        raise UsageError(f"--project {wish.project} does not exist")
    return wish.project


def _name(strategy: Mapping[str, object], otherwise: str) -> str:
    """Return a name for the pipeline: the project's, if there is one."""
    project = getattr(strategy.get("project"), "value", "")
    name = Path(project).name if isinstance(project, str) else ""
    plain = "".join(c for c in name or otherwise if c.isprintable()).strip(". \\")
    return plain[:_LONGEST_NAME].strip() or "search"


def _placed(mistake: Mistake, known: Mapping[str, At]) -> Mistake:
    """Return the mistake with the position that the value came from."""
    key = mistake.key
    while key and key not in known:
        key = key[: max(key.rfind("."), key.rfind("["), 0)]
    if not key:
        return mistake
    at, rest = known[key], mistake.key[len(key) :]
    return evolve(mistake, file=at.file, key=f"{at.key}{rest}" if at.keys else rest.strip("."))


def sections_of(imported: Imported, sources: str) -> Iterator[Section]:
    """Yield the pipeline's tables, without empty ones; `sources` names the files."""
    said = [f"Imported from {sources}. `leanopt plan` shows what a run would do.", *imported.said]
    if imported.notes:
        said += ["", "Not translated, or with another meaning here:"]
        said += [f"- {line}" for line in note_lines(imported.notes)]
    yield Section("", _lines(imported.tables.get("", {})), said)
    for name, texts in _TABLES.items():
        entries = imported.tables.get(name)
        if entries:
            lines = _parameter_lines if name == "parameters" else _lines
            yield Section(f"[{name}]", lines(entries), texts)
    for position, stage in enumerate(imported.stages):
        first = () if position else ("The stages of the search, in order.",)
        yield Section("[[stage]]", _lines(stage), first)


def origins(imported: Imported) -> dict[str, At]:
    """Return the positions that the pipeline's values came from, by key path."""
    found = {
        key_text((*filter(None, name.split(".")), key)): entry.at
        for name, entries in imported.tables.items()
        for key, entry in entries.items()
    }
    for position, stage in enumerate(imported.stages):
        found |= {key_text(("stage", position, key)): entry.at for key, entry in stage.items()}
    return {key: at for key, at in found.items() if at is not None}


def _lines(entries: Mapping[str, Entry]) -> list[Line]:
    keys = sorted(entries, key=lambda key: _FIRST.index(key) if key in _FIRST else len(_FIRST))
    return [Line(key, entries[key].value, entries[key].comment) for key in keys]


def _parameter_lines(entries: Mapping[str, Entry]) -> list[Line]:
    return [Line(key, one.value, one.comment) for key, one in entries.items()]
