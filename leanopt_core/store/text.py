"""JSON texts for the store's columns and for what is printed from them."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Final

#: As `canonical_json`, for plain JSON values only; ready-made, since it is called for every trial.
to_json: Final = json.JSONEncoder(
    sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
).encode


def storable(text: str) -> str:
    r"""Return `text` with half characters (from a foreign program's JSON) written as `\udc80`.

    SQLite takes whole characters only. In a JSON text the escape means the same half again.
    """
    return text.encode("utf-8", "backslashreplace").decode()


def json_object(members: Iterable[tuple[str, str]]) -> str:
    """Return a JSON object of names and JSON texts, sorted by name, the texts as they are.

    So numbers reach the reader as they were stored, never through a float.
    """
    return "{" + ",".join(f"{to_json(name)}:{text}" for name, text in sorted(members)) + "}"
