"""Requests to harnesses that are told LEAN's configuration."""

from __future__ import annotations

import json
from collections.abc import Mapping

from leanopt_core.canonical import canonical_json
from leanopt_core.work import REQUEST, Request, Scenario
from leanopt_lean.checks import SETS_SCENARIO
from leanopt_lean.config import Template

_CONFIG = "config.json"
_PATH = f"{REQUEST}/{_CONFIG}"


def word(
    template: Template,
    parameters: Mapping[str, str],
    scenario: Scenario,
    outputs: frozenset[str],
    abilities: frozenset[str],
) -> Request:
    """Return the request for a backtest with these parameters.

    `abilities` are what its harness can do. One with the ability `config` is told all in the line,
    another one by a file. One with the ability `scenario` is told the scenario too. `outputs` are
    read from LEAN's document, or named for a harness that answers with statistics.
    """
    config = template.filled(parameters)
    if "config" not in abilities:
        payload = json.dumps({"config_path": _PATH})
        return Request(payload, (_PATH, *template.placeholders), {_CONFIG: config}, outputs)
    payload = f'{{"config":{config}'
    if SETS_SCENARIO in abilities:
        told = {k: v for k, v in scenario.to_dict().items() if k != "pass_as"}
        payload += f',"scenario":{canonical_json(told)}'
    if outputs and "statistics" in abilities:
        payload += f',"outputs":{json.dumps(sorted(outputs & abilities))}'
    return Request(f"{payload}}}", template.placeholders, outputs=outputs)
