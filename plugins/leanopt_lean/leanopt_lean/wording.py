"""Requests to harnesses that are told LEAN's configuration."""

from __future__ import annotations

import json
from collections.abc import Mapping

from leanopt_core.canonical import canonical_json
from leanopt_core.work import DOCUMENT, REQUEST, Request, Scenario
from leanopt_lean.checks import told
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
    another one by a file. One that sets fields of the scenario is told the scenario too. `outputs`
    are named for a harness that answers with statistics; such a one writes files only where
    `document` is among them. Of another, LEAN's document has all.
    """
    if "config" not in abilities:
        payload = json.dumps({"config_path": _PATH})
        locations = (_PATH, *template.placeholders())
        return Request(payload, locations, {_CONFIG: template.filled(parameters)}, outputs)
    answers = "statistics" in abilities
    folders = not answers or DOCUMENT in outputs & abilities
    payload = f'{{"config":{template.filled(parameters, folders=folders)}'
    if told(abilities):
        said = {k: v for k, v in scenario.to_dict().items() if k != "pass_as"}
        payload += f',"scenario":{canonical_json(said)}'
    if answers and outputs & abilities:
        payload += f',"outputs":{json.dumps(sorted(outputs & abilities))}'
    return Request(f"{payload}}}", template.placeholders(folders=folders), outputs=outputs)
