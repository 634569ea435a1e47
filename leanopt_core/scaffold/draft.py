"""What a first pipeline is made of, whatever language the strategy is written in."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from attrs import field, frozen

from leanopt_core.scaffold.document import Line
from leanopt_core.scaffold.reads import Read


@frozen
class InitWish:
    """What `leanopt init` is asked for.

    `strategy` is the path that the user names, `folder` the pipeline's; `algorithm` chooses a class
    where the strategy has several, None where nobody chose.
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

    `source` is what reads the parameters and `example` how one is read, for messages. `statistics`
    are the names that it is known to return, `lean` says that all of LEAN's are. `said` stands
    above `[parameters]`. `variables` are those of the environment that the pipeline refers to, with
    what each is. `unsure` says that the strategy may read more than `parameters`.
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
