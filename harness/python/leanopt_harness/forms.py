"""Reads request lines, and reports violations of the protocol."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from leanopt_harness.faults import ENGINE_ERROR, Failure
from leanopt_harness.nearest import nearest
from leanopt_harness.parameters import Parameters
from leanopt_harness.scenario import Scenario


def decode(line: bytes | None) -> dict[str, Any]:
    """Return the object in one request line (None: the line was too long).

    Raises Failure ("engine error") if there is none.
    """
    if line is None:
        raise Failure(ENGINE_ERROR, "the request is too long")
    try:
        request = _DECODER.decode(line.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise Failure(ENGINE_ERROR, f"the request is not JSON: {error}") from None
    if not isinstance(request, dict):
        raise Failure(ENGINE_ERROR, "the request is not a JSON object")
    return request


def identifier(request: dict[str, Any]) -> str:
    """Return the request's `id`. Raises Failure ("engine error") if it is missing."""
    given = request.get("id")
    if not isinstance(given, str):
        raise Failure(ENGINE_ERROR, 'the request has no "id" that is a string')
    return given


def parameters(given: object) -> Parameters:
    """Return the parameters of a backtest. Raises Failure ("engine error") naming a bad one."""
    if not isinstance(given, dict):
        raise Failure(ENGINE_ERROR, 'the backtest has no "parameters" that is an object')
    for name, value in given.items():
        kind = type(value)
        good = math.isfinite(value) if kind is float else kind in _PLAIN
        if not good:
            raise Failure(
                ENGINE_ERROR,
                f'parameter "{name}" is {value!r}: expected a number, a string, true or false',
            )
    return Parameters(given)


def scenario(given: object) -> Scenario:
    """Return the scenario of a backtest. Raises Failure ("engine error") naming a bad key."""
    if not isinstance(given, dict):
        raise Failure(ENGINE_ERROR, 'the backtest has no "scenario" that is an object')
    try:
        return Scenario.of(given)
    except ValueError as error:
        raise Failure(ENGINE_ERROR, str(error)) from None


def outputs(given: object, known: Sequence[str]) -> tuple[str, ...]:
    """Return the requested outputs. Raises Failure ("engine error") for an unknown one."""
    if not isinstance(given, list):
        raise Failure(ENGINE_ERROR, '"outputs" is not a list')
    for name in given:
        if name not in known:
            close = nearest(str(name), known)
            hint = f'; the nearest is "{close}"' if close else ""
            has = " and ".join(known) or "none"
            raise Failure(ENGINE_ERROR, f'no output "{name}": this harness has {has}{hint}')
    return tuple(given)


def configuration(path: object) -> object:
    """Return the content of the file at `config_path`: the object of `backtest`.

    Raises Failure ("engine error") naming the file.
    """
    if not isinstance(path, str):
        raise Failure(ENGINE_ERROR, '"config_path" is not a string')
    try:
        return _DECODER.decode(Path(path).read_text(encoding="utf-8"))
    except OSError as error:
        raise Failure(ENGINE_ERROR, f"{path}: {error.strerror}") from None
    except (ValueError, RecursionError) as error:
        raise Failure(ENGINE_ERROR, f"{path} is not JSON: {error}") from None


def _constant(name: str) -> float:
    raise ValueError(f"{name} is not a JSON number")


_DECODER = json.JSONDecoder(parse_constant=_constant)
_PLAIN = frozenset({int, str, bool})
