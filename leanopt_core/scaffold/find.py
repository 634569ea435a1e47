"""Find the plugins that can draft a pipeline for a strategy, or import a configuration."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final, TypeVar

from attrs import evolve, frozen

from leanopt_core.errors import LeanoptError, PipelineError, UsageError
from leanopt_core.plugins import CORE, Kind, Registered, Registry
from leanopt_core.scaffold.document import Line
from leanopt_core.scaffold.draft import Draft, InitWish
from leanopt_core.scaffold.ranges import propose
from leanopt_core.search.calls import Calls
from leanopt_core.search.guard import Guard
from leanopt_core.specs import ExecutorSpec

T = TypeVar("T")


def offering(registry: Registry, part: str, of: Kind = Kind.ENGINE) -> list[Registered]:
    """Return the engines or executors that have this part, sorted by name, the core's last."""
    found = [registry.entries[of, name] for name in registry.names(of)]
    having = [one for one in found if getattr(one.spec, part, "")]
    return sorted(having, key=lambda one: one.distribution == CORE)


def ask(plugin: Registered, part: str, kind: type[T], calls: Calls, *arguments: object) -> T | None:
    """Call a part of an engine or executor and return its result, a `kind` or None.

    `calls` notes the call. Raises PluginError if it returns something else, or raises anything but
    a LeanoptError.
    """
    what = "executor" if isinstance(plugin.spec, ExecutorSpec) else "engine"
    named = f"{what} {plugin.spec.name!r} ({plugin.distribution} {plugin.version})"
    guard = Guard(named, calls=calls)
    doing = f"asked for {part!r}"
    made = guard.call(doing, guard.call("being imported", plugin.load, part), *arguments)
    # A tuple is one of lines.
    lines = not isinstance(made, tuple) or all(isinstance(one, Line) for one in made)
    if made is None or (isinstance(made, kind) and lines):
        return made
    expected = "a tuple of Line" if kind is tuple else kind.__name__
    raise guard.fault(doing, f"it returned {made!r:.100}, expected {expected}")


_CLASS: Final = "QCAlgorithm"
_MAIN: Final = "main.py"


def draft_of(wish: InitWish, registry: Registry, calls: Calls) -> Draft:
    """Return the draft of a pipeline for a strategy.

    The plugins' engines are asked first, by name; a strategy that they do not know is treated as
    Python. If the engine leaves `[executor]` open, the executors are asked for it, by name. `calls`
    notes the calls into plugins. Raises UsageError if there is nothing to search.
    """
    for engine in offering(registry, "init"):
        if engine.distribution == CORE and is_lean(wish.strategy):
            raise UsageError(f"{wish.strategy} is a LEAN project: pip install leanopt-lean")
        if (draft := ask(engine, "init", Draft, calls, wish)) is not None:
            _refuse_empty(draft)
            return draft if draft.executor else _with_executor(draft, wish, registry, calls)
    raise UsageError(f"no engine can read {wish.strategy}")


def _with_executor(draft: Draft, wish: InitWish, registry: Registry, calls: Calls) -> Draft:
    """Return the draft with the table of the first executor that is for it, if one is."""
    for executor in offering(registry, "init", Kind.EXECUTOR):
        lines = ask(executor, "init", tuple, calls, wish, draft)
        if lines is not None:
            return evolve(draft, executor=lines)
    return draft


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


def translated(wish: ImportWish, registry: Registry, calls: Calls) -> Translation:
    """Return the translation of the first engine that accepts the source, else executor.

    `calls` notes the calls into plugins. Raises UsageError, with their reasons, if none accepts it,
    or the only one's PipelineError.
    """
    kinds = (Kind.ENGINE, Kind.EXECUTOR)
    plugins = [one for kind in kinds for one in offering(registry, "imports", kind)]
    if not plugins:
        raise UsageError("no installed engine can import: pip install leanopt-lean")
    refused: list[LeanoptError] = []
    for plugin in plugins:
        try:
            made = ask(plugin, "imports", Translation, calls, wish, registry)
        except (UsageError, PipelineError) as error:
            refused.append(error)
            continue
        if made is not None:
            return made
    if len(refused) == 1:
        raise refused[0]
    reasons = "\n".join(map(str, refused))
    raise UsageError(reasons or f"no plugin can import {' '.join(wish.words)}")
