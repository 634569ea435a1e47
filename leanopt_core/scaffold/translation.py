"""`leanopt import`: pipelines made of what other optimizers are told, by engines that can."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from attrs import frozen

from leanopt_core.errors import UsageError
from leanopt_core.plugins import Registry
from leanopt_core.scaffold.asking import ask, offering


@frozen
class ImportWish:
    """What is to be imported, as typed: the words, the project, the file to write."""

    words: Sequence[str]
    project: Path | None
    output: Path | None

    @property
    def command(self) -> bool:
        """Say whether it is a command line."""
        return len(self.words) > 1

    @property
    def source(self) -> Path:
        """Return the file or folder."""
        return Path(self.words[0])

    @property
    def path(self) -> Path:
        """Return the file to write: `pipeline.toml` here, or in the folder that is imported."""
        folder = self.source if not self.command and self.source.is_dir() else Path()
        return self.output or folder / "pipeline.toml"


@frozen
class Translation:
    """A pipeline made of what another optimizer is told.

    `check` raises LeanoptError where the text, once written, is no sound pipeline. `notes` are
    lines that say what is not translated, `variables` those that it refers to and that are set
    nowhere.
    """

    text: str
    check: Callable[[], None]
    notes: Sequence[str] = ()
    variables: Sequence[str] = ()


def translated(wish: ImportWish, registry: Registry) -> Translation:
    """Return what the first engine makes of a source that can take it.

    Raises UsageError with what each of them says where none can, or where none imports anything.
    """
    engines = offering(registry, "imports")
    if not engines:
        raise UsageError("no engine that is installed imports anything: pip install leanopt-lean")
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
