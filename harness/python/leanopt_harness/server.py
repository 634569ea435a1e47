"""Answers requests for one Python strategy."""

from __future__ import annotations

import gc
import platform
from time import perf_counter
from typing import Any

from leanopt_harness import forms
from leanopt_harness.channel import Channel
from leanopt_harness.faults import ENGINE_ERROR, STRATEGY_ERROR, Failure, explain
from leanopt_harness.outcome import OUTPUTS, read_result
from leanopt_harness.project import Project
from leanopt_harness.scenario import Scenario
from leanopt_harness.serving import greeting, serve_with
from leanopt_harness.strategy import Strategy, load
from leanopt_harness.surroundings import Surroundings

ABILITIES = ("inline", "statistics", "read", "equity", "trades")


def serve(project: Project, channel: Channel) -> int:
    """Import the strategy, then answer every line of the channel. Returns the exit code."""
    server = Server(load(project))
    # What the import made is there for good: no collection need look at it again.
    gc.collect()
    if hasattr(gc, "freeze"):  # CPython's
        gc.freeze()
    return serve_with(server.respond, channel)


class Server:
    """Runs one strategy, backtest after backtest."""

    def __init__(self, strategy: Strategy) -> None:
        self._strategy = strategy
        self._surroundings = Surroundings()
        # Trial after trial comes under the same scenario.
        self._last: tuple[str, Scenario] = ("", Scenario())

    def respond(self, request: dict[str, Any]) -> dict[str, Any]:
        """Return the members of a request's complete answer; raises nothing but Failure."""
        if "backtest" in request:
            return self._backtest(request["backtest"], request)
        if "config_path" in request:
            return self._backtest(forms.configuration(request["config_path"]), request)
        if "hello" in request:
            return {"hello": self._hello(request["hello"])}
        raise Failure(ENGINE_ERROR, "unknown request: expected hello, backtest or config_path")

    def _hello(self, given: object) -> dict[str, Any]:
        hello = greeting(given, "python", platform.python_version(), ABILITIES)
        hello["identity"] = self._strategy.identity.digest
        if self._strategy.fault is not None:
            hello["fault"] = {"category": STRATEGY_ERROR, "message": self._strategy.fault}
        return hello

    def _backtest(self, given: object, request: dict[str, Any]) -> dict[str, Any]:
        if not isinstance(given, dict):
            raise Failure(ENGINE_ERROR, "the backtest is no JSON object")
        asked = forms.outputs(request["outputs"], OUTPUTS) if "outputs" in request else ()
        parameters = forms.parameters(given.get("parameters"))
        scenario = self._scenario(given.get("scenario"))
        run = self._strategy.run
        if run is None:
            raise Failure(STRATEGY_ERROR, self._strategy.fault or "the strategy has a fault")
        started = perf_counter()
        try:
            result = run(parameters, scenario)
        except BaseException as error:  # noqa: BLE001 - nothing a strategy raises ends the harness
            raise Failure(STRATEGY_ERROR, explain(error, self._strategy.project)) from None
        finally:
            self._surroundings.restore()
        seconds = round(perf_counter() - started, 6)
        answer: dict[str, Any] = read_result(result, asked)
        read = sorted(name for name in parameters.asked if isinstance(name, str))
        return {"read": read, "seconds": seconds, **answer}

    def _scenario(self, given: object) -> Scenario:
        # By text: 1, 1.0 and true are equal, and not the same to a strategy.
        text = repr(given)
        if text != self._last[0]:
            self._last = (text, forms.scenario(given))
        return self._last[1]
