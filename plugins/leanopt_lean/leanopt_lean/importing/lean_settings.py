"""Further keys of LEAN's configuration, for `[strategy.config]`."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Final

from leanopt_lean.config import OWN_KEYS
from leanopt_lean.importing.draft import At, Draft

TABLE: Final = "strategy.config"
_SECRET: Final = re.compile(
    r"token|secret|passw|key|user|account|credential|organization", re.IGNORECASE
)
_OWN: Final = "leanopt sets it itself"
_HIDDEN: Final = (
    'perhaps a secret; write "${NAME}" in [strategy.config] and set the variable elsewhere'
)
_LOG: Final = "the engine reads LEAN's log"


def put_setting(key: str, value: object, at: At, draft: Draft) -> None:
    """Pass a key on to LEAN, unless the engine sets it or its value may be a secret."""
    if key in OWN_KEYS:
        draft.dropped(at, _OWN)
    elif key == "log-handler":
        draft.dropped(at, _LOG)
    elif _SECRET.search(key) or _secrets(value):
        draft.dropped(at, _HIDDEN)
    elif _nulls(value):
        draft.dropped(at, "pipelines cannot hold null")
    else:
        draft.put(TABLE, key, _plain(value), at)


def _nulls(value: object) -> bool:
    if isinstance(value, dict):
        return any(map(_nulls, value.values()))
    return any(map(_nulls, value)) if isinstance(value, list) else value is None


def _secrets(value: object) -> bool:
    """Return whether a nested key may hold a secret."""
    if isinstance(value, list):
        return any(map(_secrets, value))
    if not isinstance(value, dict):
        return False
    return any(_SECRET.search(key) for key in value) or any(map(_secrets, value.values()))


def _plain(value: object) -> object:
    """Return a value with its decimals as strings; LEAN converts them to numbers."""
    match value:
        case Decimal():
            return str(value)
        case list():
            return [_plain(one) for one in value]
        case dict():
            return {key: _plain(one) for key, one in value.items()}
    return value
