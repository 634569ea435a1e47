"""Find the engine that can draft a pipeline for a strategy, or import a configuration."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final, TypeVar

from attrs import frozen

from leanopt_core.errors import PluginError, UsageError
from leanopt_core.plugins import CORE, Kind, Registered, Registry
from leanopt_core.scaffold.draft import Draft, InitWish
from leanopt_core.scaffold.ranges import propose
from leanopt_core.search.guard import Guard

T = TypeVar("T")


def offering(registry: Registry, part: str) -> list[Registered]:
    """Return the engines that have this part, sorted by name, the core's last."""
    found = [registry.entries[Kind.ENGINE, name] for name in registry.names(Kind.ENGINE)]
    engines = [one for one in found if getattr(one.spec, part, "")]
    return sorted(engines, key=lambda one: one.distribution == CORE)


def ask(engine: Registered, part: str, kind: type[T], *arguments: object) -> T | None:
    """Call a part of an engine and return its result, a `kind` or None.

    Raises PluginError if it returns something else, or raises anything but a LeanoptError.
    """
    label = f"engine {engine.spec.name!r} ({engine.distribution} {engine.version})"
    made = Guard(label).call(f"asked for {part!r}", engine.load(part), *arguments)
    if made is None or isinstance(made, kind):
        return made
    what = f"it returned {made!r:.100}, expected {kind.__name__}"
    raise PluginError(f"{label}, asked for {part!r}: {what}")


_CLASS: Final = "QCAlgorithm"
_MAIN: Final = "main.py"


def draft_of(wish: InitWish, registry: Registry) -> Draft:
    """Return the draft of a pipeline for a strategy.

    The plugins' engines are asked first, by name; a strategy that they do not know is treated as
    Python. Raises UsageError if there is nothing to search.
    """
    for engine in offering(registry, "init"):
        if engine.distribution == CORE and is_lean(wish.strategy):
            raise UsageError(f"{wish.strategy} is a LEAN project: pip install leanopt-lean")
        if (draft := ask(engine, "init", Draft, wish)) is not None:
            _refuse_empty(draft)
            return draft
    raise UsageError(f"no engine can read {wish.strategy}")


def is_lean(path: Path) -> bool:
    """Return whether a file or a folder is, or belongs to, a LEAN project."""
    if path.suffix in (".cs", ".csproj"):
        return True
    if not path.is_dir():
        return path.name == _MAIN and _says(path, _CLASS)
    return any(any(path.glob(f"*.{kind}")) for kind in ("cs", "csproj")) or _says(
        path / _MAIN, _CLASS
    )


def _refuse_empty(draft: Draft) -> None:
    """Raise UsageError if there is nothing to search."""
    if draft.unsure:
        return
    if not draft.parameters:
        raise UsageError(
            f"{draft.source} reads no parameters; use {draft.example} for each number to search"
        )
    if all(propose(read).levels == 1 for read in draft.parameters):
        raise UsageError(
            f"{draft.source} has nothing to search: each of its parameters has only one value"
        )


def _says(file: Path, word: str) -> bool:
    try:
        return word in file.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return False


@frozen
class ImportWish:
    """The arguments of `leanopt import`: the words, the project, the file to write."""

    words: Sequence[str]
    project: Path | None
    output: Path | None

    @property
    def command(self) -> bool:
        """Return whether the source is a command line."""
        return len(self.words) > 1

    @property
    def source(self) -> Path:
        """Return the file or folder."""
        return Path(self.words[0])

    @property
    def path(self) -> Path:
        """Return the file to write: by default `pipeline.toml` here, or in the imported folder."""
        folder = self.source if not self.command and self.source.is_dir() else Path()
        return self.output or folder / "pipeline.toml"


@frozen
class Translation:
    """A pipeline converted from another optimizer's configuration.

    `check` raises LeanoptError if the written text is not a valid pipeline. `notes` list what is
    not translated. `variables` are the unset environment variables that the pipeline refers to.
    """

    text: str
    check: Callable[[], None]
    notes: Sequence[str] = ()
    variables: Sequence[str] = ()


def translated(wish: ImportWish, registry: Registry) -> Translation:
    """Return the translation of the first engine that accepts the source.

    Raises UsageError, with the engines' reasons, if none accepts it.
    """
    engines = offering(registry, "imports")
    if not engines:
        raise UsageError("no installed engine can import: pip install leanopt-lean")
    refused: list[str] = []
    for engine in engines:
        try:
            made = ask(engine, "imports", Translation, wish, registry)
        except UsageError as error:
            refused.append(str(error))
            continue
        if made is not None:
            return made
    raise UsageError("\n".join(refused) or f"no engine can import {' '.join(wish.words)}")
