"""How many asks a second a method makes, and what makes its asks cheaper."""

from __future__ import annotations

import re
from collections.abc import Sequence
from math import ceil, isfinite, log10
from typing import Final

import attrs
from attrs import frozen

from leanopt_core.pipeline import StageSettings
from leanopt_core.search.guard import Guard
from leanopt_core.search.prepare import label
from leanopt_core.shown import shown
from leanopt_core.specs import option_key

#: The option by which users say how many asks a second a method must make at least.
OPTION: Final = "asks_per_second"

_BARE: Final = re.compile(r"[A-Za-z0-9_-]*[A-Za-z_-][A-Za-z0-9_-]*")


def ask_seconds(stage: StageSettings, trials: int, lookahead: int) -> float | None:
    """Return the mean seconds that a trial takes the method of a stage, ask and tell together.

    `trials` is how many the stage has. The seconds are what the method `ask_seconds` of its options
    returns; None if they have none. Raises PluginError if that is no number above 0.
    """
    guard, doing = Guard(label("stage", stage.choice, stage.name)), "asked for its ask_seconds"
    declared = guard.call(doing, getattr, stage.choice.options, "ask_seconds", None)
    if declared is None:
        return None
    seconds = guard.call(doing, declared, trials, lookahead)
    if type(seconds) in (int, float) and isfinite(seconds) and seconds > 0:
        return float(seconds)
    raise guard.fault(doing, f"it returned {shown(seconds)}, expected a number of seconds above 0")


@frozen
class Rates:
    """Asks a second of a stage: those that its workers want, and those that its method makes."""

    wanted: float
    made: float

    @property
    def slower(self) -> float:
        """Return by which factor the method is too slow for the workers, at least 1."""
        return max(1.0, self.wanted / self.made)


def setting(stages: Sequence[StageSettings], at: int, wanted: float) -> str | None:
    """Return the argument of `--set` by which stage `at` makes so many asks a second.

    None if its method has no such option, or if the option is as high already.
    """
    stage, rate = stages[at], _rounded_up(wanted)
    options = stage.choice.options
    named = {option_key(one): one.name for one in attrs.fields(type(options))}
    if OPTION not in named or rate <= (getattr(options, named[OPTION]) or 0):
        return None
    step = stage.name if _BARE.fullmatch(stage.name) else at
    return f"stage.{step}.{OPTION}={rate}"


def advice(stages: Sequence[StageSettings], at: int, rates: Rates, workers: int) -> str | None:
    """Return a warning that workers wait for the method of stage `at`, None if they do not.

    It names the option to set, or how many workers would be as fast.
    """
    if rates.slower == 1:
        return None
    said = (
        f"workers wait for stage {stages[at].name!r}: it makes about {_shown(rates.made)} asks a "
        f"second, and they could use {_shown(rates.wanted)}"
    )
    if (given := setting(stages, at, rates.wanted)) is not None:
        return f"{said}; --set {given} makes its asks cheaper (changing it changes the trials)"
    enough = ceil(workers / rates.slower)
    return f"{said}; --workers {enough} would be as fast" if enough < workers else said


def _shown(rate: float) -> str:
    return f"{rate:,.0f}" if rate >= 10 else f"{rate:.2g}"  # noqa: PLR2004 - two digits


def _rounded_up(rate: float) -> int:
    """Return the rate, rounded up to two digits."""
    digits = int(log10(max(rate, 1))) - 1
    return int(ceil(rate / 10**digits) * 10**digits) if digits > 0 else ceil(rate)
