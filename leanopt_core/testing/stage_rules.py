"""What the guide and the contracts say of stages, for the messages of failed tests."""

from __future__ import annotations

from typing import Final

RAISES: Final = "If a stage or a fitness function raises, the run ends with exit code 4"
ASK: Final = "Return a proposal, `WAIT` or `DONE`"
POINT: Final = (
    "The proposed point is on the grid, satisfies the constraints between parameters, and is new "
    "in this search"
)
CANONICAL: Final = (
    "An inactive parameter has its first value: `space.canonical(point)` repairs a point"
)
REPEATS: Final = "Do not propose a point twice in a search"
DONE: Final = "When no point is left, return `DONE`"
EXHAUSTIVE: Final = "An exhaustive method proposes every feasible point before it returns `DONE`"
WAIT: Final = "`WAIT` without trials in flight is an error"
BECAUSE: Final = "JSON values by name, no NaN, at most 4,096 bytes as JSON"
GIVEN: Final = (
    "What a stage proposes and what a fitness function returns may depend only on what they are "
    "given"
)
GENERATORS: Final = "Never use the global generators"
SEEDED: Final = "Take every random choice from `context.random()`"
CLOCK: Final = "Use no clock, no file, and no order of sets"
FROZEN: Final = "You may keep them, but never change them, nor a mapping inside one"
REPLAY: Final = "It writes no checkpoint: to resume, leanopt builds it again and replays"
COST: Final = "The cost of an ask may grow in proportion to the number of trials, not faster"
