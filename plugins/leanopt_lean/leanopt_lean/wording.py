"""Requests to harnesses that take LEAN's configuration."""

from __future__ import annotations

import json
from collections.abc import Mapping

from leanopt_core.api import DOCUMENT, REQUEST, Request, Scenario, canonical_json
from leanopt_lean.checks import fields_set
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

    `abilities` are the harness's. With `config` the request holds the configuration; without it, a
    file does. A harness that sets scenario fields also gets the scenario. `outputs` are named only
    for a harness that answers with statistics; it writes files only if `document` is among them.
    Any other harness leaves LEAN's document, which has everything.
    """
    if "config" not in abilities:
        payload = json.dumps({"config_path": _PATH})
        placeholders = (_PATH, *template.placeholders())
        return Request(payload, placeholders, {_CONFIG: template.filled(parameters)}, outputs)
    answers = "statistics" in abilities
    folders = not answers or DOCUMENT in outputs & abilities
    payload = f'{{"config":{template.filled(parameters, folders=folders)}'
    if fields_set(abilities):
        fields = {k: v for k, v in scenario.settings().items() if k != "pass_as"}
        payload += f',"scenario":{canonical_json(fields)}'
    if answers and outputs & abilities:
        payload += f',"outputs":{json.dumps(sorted(outputs & abilities))}'
    return Request(f"{payload}}}", template.placeholders(folders=folders), outputs=outputs)
