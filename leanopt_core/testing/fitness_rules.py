"""What the guide and the contracts say of fitness functions, for the messages of failed tests."""

from __future__ import annotations

from typing import Final

RESULT: Final = (
    "It takes a trial's completed backtests, one for each scenario, and returns a `Fitness`: "
    "a value, or the reasons why there is none"
)
RAISES: Final = "If a stage or a fitness function raises, the run ends with exit code 4"
DIRECTION: Final = "whether higher or lower is better; the same for the whole run"
TARGET: Final = (
    "a search ends with the first feasible trial that reaches this value; `None` for no target"
)
NUMBERS: Final = "NaN and infinity are errors everywhere"
UNKNOWN: Final = "Unknown is `None`"
VALUE: Final = "the value to rank trials by; finite; `None` if there is none"
REASONS: Final = "why there is no value; each a line for people"
VIOLATION: Final = (
    "how far the trial is from a value, 0 or more, so that a search can climb towards it"
)
VALUES: Final = "more named values to store and show; ranking does not use them"
RESERVED: Final = "The name `fitness` is taken"
SCENARIOS: Final = "any number of them, one or more, in any order"
LACKING: Final = (
    "A single backtest may lack what the function needs. The function then says why it has no value"
)
GIVEN: Final = (
    "What a stage proposes and what a fitness function returns may depend only on what they are "
    "given"
)
FROZEN: Final = "You may keep them, but never change them, nor a mapping inside one"
PROFITS: Final = "All else equal, more profit is never worse"
DRAWDOWNS: Final = "a deeper drawdown is never better, not even at a loss"
APART: Final = "A function that gives every backtest the same value ranks nothing"
