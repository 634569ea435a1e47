"""Requests as lines: the id put in front, the places of the worker filled in.

The payload's text is otherwise untouched: its numbers reach the harness as they were printed.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable


def request_line(ident: str, payload: str, *, time_limit: float | None = None) -> bytes:
    """Return the line for a request; `payload` is a JSON object without `id`, without newlines.

    `time_limit`, in seconds, is told to the harness where given.
    """
    members = payload[1:]
    comma = "" if members.lstrip().startswith("}") else ","
    limit = "" if time_limit is None else f',"time_limit":{time_limit}'
    return f'{{"id":"{ident}"{limit}{comma}{members}\n'.encode()


def fill_in(payload: str, placeholders: Iterable[str], fill: Callable[[str], str]) -> str:
    """Return `payload` with the first text that is exactly a placeholder, of each, filled in.

    `fill` says what stands for a placeholder, as `{data}`, in the worker's place.
    """
    for placeholder in placeholders:
        payload = payload.replace(json.dumps(placeholder), json.dumps(fill(placeholder)), 1)
    return payload
