"""Further keys of LEAN's own configuration, for `[strategy.config]`."""

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
_OWN: Final = "the engine sets it itself"
_HIDDEN: Final = 'perhaps a secret: [strategy.config] takes it as "${NAME}", set elsewhere'
_LOG: Final = "the engine looks into LEAN's log"


def put_setting(key: str, value: object, at: At, draft: Draft) -> None:
    """Hand a key on to LEAN, unless the engine needs it for itself, or its value may be secret."""
    if key in OWN_KEYS:
        draft.dropped(at, _OWN)
    elif key == "log-handler":
        draft.dropped(at, _LOG)
    elif _SECRET.search(key) or _secrets(value):
        draft.dropped(at, _HIDDEN)
    elif _nulls(value):
        draft.dropped(at, "a pipeline has no null")
    else:
        draft.put(TABLE, key, _plain(value), at)


def _nulls(value: object) -> bool:
    if isinstance(value, dict):
        return any(map(_nulls, value.values()))
    return any(map(_nulls, value)) if isinstance(value, list) else value is None


def _secrets(value: object) -> bool:
    """Say whether a key below a value is one whose value may be secret."""
    if isinstance(value, list):
        return any(map(_secrets, value))
    if not isinstance(value, dict):
        return False
    return any(_SECRET.search(key) for key in value) or any(map(_secrets, value.values()))


def _plain(value: object) -> object:
    """Return a value with texts for decimals: LEAN reads numbers out of texts."""
    match value:
        case Decimal():
            return str(value)
        case list():
            return [_plain(one) for one in value]
        case dict():
            return {key: _plain(one) for key, one in value.items()}
    return value
