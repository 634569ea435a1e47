"""The signature of a fitness function decides whether it gets the context."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import pytest

from leanopt_core.errors import PluginError
from leanopt_core.fitness import Fitness, FitnessContext, Moments
from leanopt_core.scoring import Scorer
from leanopt_core.statistics import Statistics
from leanopt_core.work import Outcome

CONTEXT = FitnessContext(10, 20, {"fitness": Moments(3, 0.5, 0.25)})


class Function:
    """A fitness function with a signature of its own."""

    direction, target = "max", None

    def __init__(self, function: Callable[..., object]) -> None:
        self.__signature__: Any = inspect.signature(function)
        self.function = function

    def __call__(self, *arguments: object) -> Fitness:
        """Return how many arguments came, and 100 if the second was the context."""
        self.function(*arguments)
        return Fitness(len(arguments) + 100.0 * (CONTEXT in arguments[1:]))


@pytest.mark.parametrize(
    ("function", "value"),
    [
        (lambda backtests: 0, 1.0),
        (lambda backtests, context: 0, 102.0),
        (lambda backtests, told: 0, 102.0),
        (lambda backtests, context=None: 0, 102.0),
        (lambda backtests, price=3: 0, 1.0),
        (lambda backtests, /, context, more=1: 0, 102.0),
        (lambda *arguments: 0, 102.0),
        (lambda backtests, *, price=1, **more: 0, 1.0),
    ],
)
def test_the_signature_decides(function: Callable[..., object], value: float) -> None:
    """A default value is no place for the context, unless it is called so."""
    scorer = Scorer(Function(function), label="f")  # type: ignore[arg-type]
    assert scorer({"one": Outcome(Statistics({}))}, CONTEXT).fitness == value


@pytest.mark.parametrize(
    ("function", "found"),
    [
        (lambda: 0, "takes (nothing)"),
        (lambda backtests, context, more: 0, "takes (backtests, context, more)"),
        (lambda backtests, *, price: 0, "takes (backtests, price)"),
        (lambda **more: 0, "takes (**more)"),
    ],
)
def test_other_signatures_are_errors(function: Callable[..., object], found: str) -> None:
    """Before anything is scored, with the plugin's name."""
    with pytest.raises(PluginError) as raised:
        Scorer(Function(function), label="fitness function 'f'")  # type: ignore[arg-type]
    assert str(raised.value) == (
        f"fitness function 'f' {found}: expected the backtests, or the backtests and a context"
    )


def test_what_cannot_be_called_is_named() -> None:
    """A factory may return anything."""
    no_function: Any = 3
    with pytest.raises(PluginError, match="'f' made int, which cannot be called"):
        Scorer(no_function, label="fitness function 'f'")


def test_a_function_without_a_signature_gets_both() -> None:
    """The contract has two arguments."""
    hidden: Any = Function(lambda *_: 0)
    hidden.__signature__ = "unknown"
    assert Scorer(hidden, label="f")({"one": Outcome(Statistics({}))}, CONTEXT).fitness == 102.0


def test_the_name_of_the_value_is_taken() -> None:
    """Its moments are those of the value itself."""

    class Takes(Function):
        def __call__(self, *_: object) -> Fitness:
            return Fitness(1.0, values={"fitness": 2.0})

    scorer = Scorer(Takes(lambda backtests: 0), label="f")  # type: ignore[arg-type]
    with pytest.raises(PluginError, match="f returned a value named 'fitness'"):
        scorer({"one": Outcome(Statistics({}))})
