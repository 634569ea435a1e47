"""From files or a command line to an imported pipeline, checked as `leanopt check` would."""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import suppress
from functools import partial
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import IO, Final

from attrs import evolve

from leanopt_core.errors import LeanoptError, Mistake, PipelineError, UsageError
from leanopt_core.pipeline import load_pipeline
from leanopt_core.pipeline.overrides import lookup
from leanopt_core.plugins import Registry
from leanopt_core.scaffold.document import document_text
from leanopt_core.scaffold.find import ImportWish, Translation
from leanopt_lean.importing import dotenv
from leanopt_lean.importing.draft import At, Draft, Imported, note_lines
from leanopt_lean.importing.json_file import read_object
from leanopt_lean.importing.lean_cli import read_config
from leanopt_lean.importing.lean_flags import COMMAND, read_command
from leanopt_lean.importing.lean_optimizer import read_optimizer
from leanopt_lean.importing.lean_project import (
    project_of,
    put_data,
    put_lean,
    put_project,
    put_workers,
)
from leanopt_lean.importing.table import Table
from leanopt_lean.importing.written import origins, sections_of

_CONFIG: Final = "optimizer-config.json"
#: Keys that only one tool's file has.
_LEAN: Final = ("optimization-strategy", "optimization-criterion")
_OPTIMIZER: Final = ("stages", "fitness", "parameter_space_file")
_LONGEST_NAME: Final = 60
#: What stands for a variable that is not set yet: an image's name, else a path, absolute since some
#: have to be.
_ANY: Final = "/"
_ANY_IMAGE: Final = "image"


def translated(wish: ImportWish, registry: Registry) -> Translation:
    """Return the pipeline; raises UsageError or PipelineError with every mistake."""
    read = imported(wish, registry)
    return Translation(
        text_of(wish, read),
        partial(check, wish.path, read, registry),
        note_lines(read.notes),
        unset(read, wish.path.parent),
    )


def imported(wish: ImportWish, registry: Registry) -> Imported:
    """Read everything; raises UsageError or PipelineError with every mistake.

    With mistakes, what could be read is checked too, so that all are told at once.
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
    """Return the mistakes in what could be read, but for those that follow from known ones."""
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
    """Open a file for a moment where the pipeline would lie: what it names is found from there."""
    return NamedTemporaryFile(dir=path.parent, prefix=".", suffix=".toml")


def text_of(wish: ImportWish, read: Imported) -> str:
    """Return the pipeline's text."""
    source = COMMAND if wish.command else wish.source.resolve().name
    return document_text(sections_of(read, source))


def check(path: Path, read: Imported, registry: Registry) -> None:
    """Load what was written; raises PipelineError, its mistakes at their place in the sources.

    Variables that are not set yet are no mistakes.
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
    """Return the variables that the pipeline refers to and that are set nowhere, sorted."""
    find = lookup(os.environ, folder)
    return sorted({name for name in read.variables if find(name) is None})


def _command(wish: ImportWish, draft: Draft) -> None:
    program, command, *words = wish.words
    if (Path(program).name, command) != ("lean", "optimize"):
        raise UsageError(
            f"{program} {command}: expected a file, a folder, or -- {COMMAND} with its options"
        )
    if wish.project is not None:
        raise UsageError(f"--project does not go with {COMMAND}, which names its project")
    read_command(words, wish.path.parent, draft)
    draft.put("", "name", _name(draft.tables.get("strategy", {}), COMMAND))


def _file(file: Path, wish: ImportWish, draft: Draft) -> None:
    """Translate a configuration, of LEAN's optimizer or of lean-optimizer by what is in it."""
    at = At(str(file))
    raw = read_object(file, at, draft)
    if raw is None:
        return
    if any(key in raw for key in _OPTIMIZER) and not any(key in raw for key in _LEAN):
        root = file.parent.parent if file.absolute().parent.name == "config" else file.parent
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


def _optimizer(file: Path, root: Path, wish: ImportWish, draft: Draft) -> None:
    read_optimizer(file, root, _project(wish), wish.path.parent, draft)
    draft.put("", "name", _name(draft.tables.get("strategy", {}), root.resolve().name))
    env = root / ".env"
    if env.is_file() and env.resolve().parent != wish.path.parent.resolve():
        draft.note(At(".env"), f"is read beside the pipeline only: copy it from {root}")


def _project(wish: ImportWish) -> Path | None:
    if wish.project is not None and not wish.project.exists():
        raise UsageError(f"--project {wish.project} is not there")
    return wish.project


def _name(strategy: Mapping[str, object], otherwise: str) -> str:
    """Return a name for the pipeline: the project's, where there is one."""
    project = getattr(strategy.get("project"), "value", "")
    name = Path(project).name if isinstance(project, str) else ""
    plain = "".join(c for c in name or otherwise if c.isprintable()).strip(". \\")
    return plain[:_LONGEST_NAME].strip() or "search"


def _placed(mistake: Mistake, known: Mapping[str, At]) -> Mistake:
    """Return the mistake at the place that the value came from."""
    key = mistake.key
    while key and key not in known:
        key = key[: max(key.rfind("."), key.rfind("["), 0)]
    if not key:
        return mistake
    at, rest = known[key], mistake.key[len(key) :]
    return evolve(mistake, file=at.file, key=f"{at.key}{rest}" if at.keys else rest.strip("."))
