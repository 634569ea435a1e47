"""The draft of a first pipeline, for a strategy in any language."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from attrs import field, frozen

from leanopt_core.scaffold.document import Line
from leanopt_core.scaffold.reads import Read


@frozen
class InitWish:
    """The arguments of `leanopt init`.

    `strategy` is the path given by the user, `folder` the pipeline's folder; `algorithm` is the
    chosen class if the strategy has several, else None.
    """

    strategy: Path
    folder: Path
    algorithm: str | None = None

    @property
    def project(self) -> Path:
        """Return the strategy's folder."""
        return self.strategy if self.strategy.is_dir() else self.strategy.parent


@frozen
class Draft:
    """A pipeline's name and tables, as far as the strategy decides them.

    For messages, `source` names what reads the parameters and `example` shows how. `statistics` are
    the known names it returns; `lean` means all of LEAN's. `said` is the comment above
    `[parameters]`. `variables` are the environment variables the pipeline refers to, with their
    meaning. `unsure` means that the strategy may read more than `parameters`.
    """

    name: str
    source: str
    example: str
    strategy: tuple[Line, ...]
    scenario: tuple[Line, ...]
    parameters: tuple[Read, ...]
    statistics: tuple[str, ...] = ()
    lean: bool = False
    executor: tuple[Line, ...] = ()
    said: tuple[str, ...] = ()
    variables: Mapping[str, str] = field(factory=dict)
    unsure: bool = False
