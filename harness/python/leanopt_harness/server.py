"""Answers requests, one after the other, until the input ends."""

from __future__ import annotations

import gc
import json
import platform
from time import perf_counter
from typing import Any

import leanopt_harness
from leanopt_harness import forms
from leanopt_harness.channel import Channel
from leanopt_harness.faults import (
    ENGINE_ERROR,
    LONGEST_MESSAGE,
    NO_RESULT,
    STRATEGY_ERROR,
    Failure,
    clip,
    explain,
)
from leanopt_harness.outcome import read_result
from leanopt_harness.project import Project
from leanopt_harness.scenario import Scenario
from leanopt_harness.strategy import Strategy, load
from leanopt_harness.surroundings import Surroundings

#: The protocol's newest version that this harness speaks.
PROTOCOL = 1
ABILITIES = ("inline", "statistics", "read", "equity", "trades")
#: The longest line that a client takes, in bytes.
LONGEST_ANSWER = 128 * 1024 * 1024

_encode = json.JSONEncoder(separators=(",", ":"), allow_nan=False, check_circular=False).encode


def serve(project: Project, channel: Channel) -> int:
    """Import the strategy, then answer every line of the channel. Returns the exit code.

    0 at the end of input, 1 where nobody reads the answers any more, 130 when interrupted between
    two backtests.
    """
    server = Server(load(project))
    # What the import made is there for good: no collection need look at it again.
    gc.collect()
    if hasattr(gc, "freeze"):  # CPython's
        gc.freeze()
    try:
        for line in channel.lines():
            if line is None or not line.isspace():
                channel.send(server.answer(line))
    except OSError:
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


class Server:
    """Answers request lines for one strategy."""

    def __init__(self, strategy: Strategy) -> None:
        self._strategy = strategy
        self._surroundings = Surroundings()
        # Trial after trial comes under the same scenario.
        self._last: tuple[str, Scenario] = ("", Scenario())

    def answer(self, line: bytes | None) -> bytes:
        """Return the answer line to a request line (None: one that was too long); never raises."""
        name: str | None = None
        try:
            request = forms.decode(line)
            name = forms.identifier(request)
            return _sendable(_line({"id": name, "status": "complete", **self._respond(request)}))
        except Failure as failure:
            told = {"category": failure.category, "message": clip(failure.message, LONGEST_MESSAGE)}
            return _line({"id": name, "status": "error", **told})

    def _respond(self, request: dict[str, Any]) -> dict[str, Any]:
        if "backtest" in request:
            return self._backtest(request["backtest"], request)
        if "config_path" in request:
            return self._backtest(forms.configuration(request["config_path"]), request)
        if "hello" in request:
            return {"hello": self._hello(request["hello"])}
        raise Failure(ENGINE_ERROR, "unknown request: expected hello, backtest or config_path")

    def _hello(self, given: object) -> dict[str, Any]:
        asked = given.get("protocol") if isinstance(given, dict) else None
        if type(asked) is not int or asked < 1:
            raise Failure(ENGINE_ERROR, 'the hello has no "protocol" that is an integer from 1')
        hello: dict[str, Any] = {
            "protocol": min(asked, PROTOCOL),
            "engine": "python",
            "engine_version": platform.python_version(),
            "harness": leanopt_harness.__version__,
            "abilities": ABILITIES,
            "identity": self._strategy.identity.digest,
        }
        if self._strategy.fault is not None:
            hello["fault"] = {"category": STRATEGY_ERROR, "message": self._strategy.fault}
        return hello

    def _backtest(self, given: object, request: dict[str, Any]) -> dict[str, Any]:
        if not isinstance(given, dict):
            raise Failure(ENGINE_ERROR, "the backtest is no JSON object")
        asked = forms.outputs(request["outputs"]) if "outputs" in request else ()
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


def _line(answer: dict[str, Any]) -> bytes:
    return (_encode(answer) + "\n").encode("ascii")


def _sendable(line: bytes) -> bytes:
    if len(line) > LONGEST_ANSWER:
        size = f"the answer has {len(line)} bytes: expected at most {LONGEST_ANSWER}"
        raise Failure(NO_RESULT, size)
    return line
