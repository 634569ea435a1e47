"""Call fitness functions with and without a second argument alike."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from typing import Any, Final, TypeAlias

from leanopt_core.errors import PluginError
from leanopt_core.fitness import Backtested, FitnessContext, FitnessFunction

Call: TypeAlias = Callable[[Sequence[Backtested], FitnessContext], object]

_POSITIONAL: Final = (
    inspect.Parameter.POSITIONAL_ONLY,
    inspect.Parameter.POSITIONAL_OR_KEYWORD,
)
_EXPECTED: Final = "expected the backtests, or the backtests and a context"


def call_of(fitness: FitnessFunction, label: str) -> Call:
    """Return `fitness` as a function of the backtests and the context.

    Its signature decides. A second argument with a default value is the context only if it is
    called `context`. Raises PluginError, with `label`, for any other signature.
    """
    function: Any = fitness
    if not callable(function):
        raise PluginError(f"{label} made {type(fitness).__name__}, which cannot be called")
    try:
        parameters = list(inspect.signature(function).parameters.values())
    except (TypeError, ValueError):
        # Functions in C may not say; the contract has two arguments.
        return fitness
    given = [one for one in parameters if one.kind in _POSITIONAL]
    more = any(one.kind is inspect.Parameter.VAR_POSITIONAL for one in parameters)
    contextual = more or _is_context(given[1:2])
    taken = given[: 1 + contextual]
    if not (taken or more) or any(_required(one) for one in parameters if one not in taken):
        found = ", ".join(map(str, parameters)) or "nothing"
        raise PluginError(f"{label} takes ({found}): {_EXPECTED}")
    return fitness if contextual else lambda backtests, _: function(backtests)


def _is_context(second: Sequence[inspect.Parameter]) -> bool:
    return any(one.default is inspect.Parameter.empty or one.name == "context" for one in second)


def _required(parameter: inspect.Parameter) -> bool:
    variable = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    return parameter.default is inspect.Parameter.empty and parameter.kind not in variable
