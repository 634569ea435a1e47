"""The stand-in for the warm harness: one process that answers backtest after backtest.

`LeanoptHarness.dll --lean FOLDER --strategy FILE --data FOLDER [...]` checks each
configuration and answers with what the stand-in for the Launcher leaves of it, in a folder of its
own unless the full documents are asked for. Dates and cash of the scenario override the strategy's.
"""

# ruff: noqa: T201

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, BinaryIO

import launcher
from answers import answer_of
from checks import mistakes

ABILITIES = ("config", "statistics", "read", "equity", "trades", "dates", "cash", "warmup",
             "document")  # fmt: skip
_OUTPUTS = ("document", "equity", "trades")
_WRONG_COMMAND, _FAILED = 2, 1
_ENGINE, _NO_RESULT, _STRATEGY = "engine error", "no result", "strategy error"
#: As which parameters what was recorded names the fields of a scenario.
_NAMES = {"start": "start", "end": "end", "cash": "InitialCash"}


class RefusedError(Exception):
    """Why a request has no result; its arguments are the category and the message."""


def main(arguments: list[str]) -> int:
    """Answer requests until the input ends, and return the exit code."""
    options = _options(arguments)
    if options is None:
        return _WRONG_COMMAND
    # What backtests print goes to standard error.
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    print(launcher.WHAT.replace("LEAN's Launcher", "the warm harness"), flush=True)
    harness = Harness(options, answers)
    for line in sys.stdin.buffer:
        if line.strip():
            harness.say(harness.answer(line))
    return 0


def _options(arguments: list[str]) -> argparse.Namespace | None:
    parser = argparse.ArgumentParser("LeanoptHarness.dll", allow_abbrev=False, add_help=False)
    for name in ("--lean", "--strategy", "--data"):
        parser.add_argument(name, type=Path, required=True)
    parser.add_argument("--store", type=Path)
    parser.add_argument("--config", type=json.loads, default={})
    parser.add_argument("--rolling-windows", action="store_true")
    try:
        return parser.parse_args(arguments)
    except SystemExit:
        return None


class Harness:
    """One process; `used` once it has run a backtest."""

    def __init__(self, options: argparse.Namespace, answers: BinaryIO) -> None:
        self._options = options
        self._answers = answers
        self._used = False

    def say(self, answer: Mapping[str, Any]) -> None:
        """Write an answer."""
        self._answers.write(json.dumps(answer).encode() + b"\n")
        self._answers.flush()

    def answer(self, line: bytes) -> dict[str, Any]:
        """Return the answer to a line."""
        ident = None
        try:
            request = _parsed(line)
            ident = request["id"]
            told = self._hello(request) if "hello" in request else self._backtest(request)
        except RefusedError as failure:
            told = _error(failure)
        return {"id": ident, **told}

    def _hello(self, request: Mapping[str, Any]) -> dict[str, Any]:
        protocol = request["hello"].get("protocol") if isinstance(request["hello"], dict) else None
        if not (isinstance(protocol, int) and protocol >= 1):
            text = '"hello" has no "protocol" that is an integer from 1'
            raise RefusedError(_ENGINE, text)
        hello = {
            "protocol": 1,
            "engine": "lean",
            "engine_version": "2.5.0.0",
            "harness": "0.1.0",
            "abilities": list(ABILITIES),
        }
        if fault := self._fault():
            hello["fault"] = dict(zip(("category", "message"), fault.args, strict=True))
        return {"status": "complete", "hello": hello}

    def _fault(self) -> RefusedError | None:
        lean, strategy = self._options.lean, self._options.strategy
        if not (lean / "QuantConnect.Lean.Launcher.dll").is_file():
            return RefusedError(_ENGINE, f"LEAN cannot be loaded: there is none in {lean}")
        if not strategy.is_file():
            return RefusedError(_STRATEGY, f"the strategy cannot be loaded: there is no {strategy}")
        return None

    def _backtest(self, request: Mapping[str, Any]) -> dict[str, Any]:
        outputs = request.get("outputs") or []
        if unknown := [name for name in outputs if name not in _OUTPUTS]:
            expected = ", ".join(_OUTPUTS)
            raise RefusedError(_ENGINE, f'unknown output "{unknown[0]}": expected {expected}')
        config = _config(request)
        if fault := self._fault():
            raise fault
        self._check(config, document="document" in outputs)
        scenario = request.get("scenario") or {}
        if "document" in outputs:
            return self._run(request, config, Path(config["results-destination-folder"]), scenario)
        with tempfile.TemporaryDirectory() as folder:
            return self._run(request, config, Path(folder), scenario)

    def _check(self, config: Mapping[str, Any], *, document: bool) -> None:
        """Refuse what LEAN would, and what this process was not started with."""
        wrong = mistakes(config, folders=document)
        started = {
            "algorithm-location": str(self._options.strategy),
            "composer-dll-directory": str(self._options.lean),
            "data-folder": str(self._options.data),
            **self._options.config,
        }
        wrong += [
            f"{key} is {config.get(key)!r}: this harness was started with {value!r}"
            for key, value in started.items()
            if config.get(key) != value
        ]
        if wrong:
            raise RefusedError(_ENGINE, "\n".join(wrong))

    def _run(
        self,
        request: Mapping[str, Any],
        config: Mapping[str, Any],
        results: Path,
        scenario: Mapping[str, Any],
    ) -> dict[str, Any]:
        told = {key: scenario.get(key) for key in _NAMES}
        _check_warmup(scenario.get("warmup") or 0, config["parameters"])
        under = {_NAMES[key]: _text(value) for key, value in told.items() if value is not None}
        code = launcher.run(config, str(results), under)
        name = config["algorithm-id"]
        if not (results / f"{name}.json").is_file():
            self._end(request["id"], f"the strategy ended the process with exit code {code}")
        self._used = True
        return answer_of(results, name, request.get("outputs") or ())

    def _end(self, ident: str, why: str) -> None:
        """End as the process does; only a fresh one says that its strategy did it."""
        if not self._used:
            self.say({"id": ident, **_error(RefusedError(_NO_RESULT, why)), "last": why})
        print(f"the harness ends: {why}", file=sys.stderr, flush=True)
        os._exit(_FAILED)


def _parsed(line: bytes) -> dict[str, Any]:
    try:
        request = json.loads(line)
    except ValueError as error:
        raise RefusedError(_ENGINE, f"the line is not JSON: {error}") from None
    if not isinstance(request, dict):
        raise RefusedError(_ENGINE, "the line is not a JSON object")
    if not isinstance(request.get("id"), str):
        raise RefusedError(_ENGINE, '"id" is not a string')
    return request


def _config(request: Mapping[str, Any]) -> Mapping[str, Any]:
    if "config" not in request:
        raise RefusedError(_ENGINE, "unknown request: expected hello, config or config_path")
    config = request["config"]
    if not isinstance(config, dict):
        raise RefusedError(_ENGINE, "the config is not a JSON object")
    return config


def _check_warmup(days: int, parameters: Mapping[str, str]) -> None:
    """Refuse a warm-up that is longer than the strategy's own, of bars: none was recorded."""
    own = max((int(parameters[name]) for name in ("fast", "slow") if name in parameters), default=0)
    if days > own:
        raise RefusedError(_ENGINE, f"warmup {days}: recorded was that of {own} bars only")


def _text(value: object) -> str:
    """Return a date or a sum as a parameter."""
    return value if isinstance(value, str) else f"{value:.15g}"


def _error(failure: RefusedError) -> dict[str, Any]:
    category, message = failure.args
    return {"status": "error", "category": category, "message": message}
