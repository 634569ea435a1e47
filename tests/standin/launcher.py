"""The stand-in for LEAN's Launcher: `--config FILE`, answered with what real LEAN once wrote.

The strategy is `EmaBands` whatever the configuration names. Its parameter `case` picks a recorded
result folder, or a misbehaviour (`cases.py`); without it, `fast`, `slow` and `entry`, with `exit`
and `stop` or not, pick a recorded backtest (`landscape.py`).
"""

# It starts again for each backtest: no module that takes long to load.
# ruff: noqa: PTH103, PTH123, T201

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping
from typing import Any

import cases
import landscape
import recorded
from checks import mistakes

WHAT = (
    "This is leanopt's stand-in for LEAN's Launcher: it runs no strategy, "
    "and answers with what LEAN ENGINE v2.5.0.0 once wrote."
)


def main(arguments: list[str]) -> int:
    """Answer one configuration and return the exit code that LEAN would have."""
    print(WHAT, flush=True)
    if len(arguments) != 2 or arguments[0] != "--config":
        return _refuse(f"expected --config FILE, got {arguments}")
    try:
        with open(arguments[1], encoding="utf-8-sig") as file:
            config = json.load(file)
    except (OSError, ValueError) as error:
        return _refuse(f"{arguments[1]}: {error}")
    if wrong := mistakes(config):
        return _refuse(*wrong)
    os.makedirs(config["object-store-root"], exist_ok=True)
    return run(config, config["results-destination-folder"])


def run(config: Mapping[str, Any], results: str, under: Mapping[str, str] | None = None) -> int:
    """Leave in `results` what LEAN does of a backtest; return its exit code.

    `under` are parameters that it is run under beside those that the configuration gives.
    """
    os.makedirs(results, exist_ok=True)
    parameters, name = {**config["parameters"], **(under or {})}, config["algorithm-id"]
    if "case" in parameters:
        return cases.answer(parameters["case"], results, name)
    try:
        found = landscape.find(parameters)
    except landscape.NotRecordedError as error:
        return recorded.initialize_error(str(error), results, name)
    return landscape.answer(found, config, results)


def _refuse(*wrong: str) -> int:
    for line in wrong:
        print(f"ERROR:: {line}", file=sys.stderr)
    return 1
