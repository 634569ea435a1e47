"""What a first pipeline is made of, whatever language the strategy is written in."""

from __future__ import annotations

from attrs import frozen

from leanopt_core.scaffold.document import Line
from leanopt_core.scaffold.reads import Read


@frozen
class Draft:
    """A pipeline's name and tables, as far as the strategy decides them.

    `statistics` are the names that it is known to return, `lean` says that all of LEAN's are.
    `said` stands above `[parameters]`.
    """

    name: str
    strategy: tuple[Line, ...]
    scenario: tuple[Line, ...]
    parameters: tuple[Read, ...]
    statistics: tuple[str, ...] = ()
    lean: bool = False
    executor: tuple[Line, ...] = ()
    said: tuple[str, ...] = ()
