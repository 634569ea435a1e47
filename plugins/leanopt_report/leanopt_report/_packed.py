"""Numbers of charts: packed for the page, as plain lists for the JSON form."""

from __future__ import annotations

import base64
import json
import sys
from array import array
from typing import Any, Final

from leanopt_report._model import Columns

#: The names that the page's script has for the types.
_TYPES: Final = {"B": "u8", "i": "i32", "f": "f32"}


def packed(columns: Columns) -> dict[str, dict[str, str]]:
    """Return columns as base64 of little-endian numbers, each with its type."""
    return {name: _packed(column) for name, column in columns.items()}


def _packed(column: array[Any]) -> dict[str, str]:
    if sys.byteorder != "little":
        column = column[:]
        column.byteswap()
    return {"t": _TYPES[column.typecode], "b": base64.b64encode(column).decode("ascii")}


def plain(columns: Columns) -> dict[str, list[Any]]:
    """Return columns as lists; 32-bit floats have the seven digits that they hold."""
    return {
        name: [float(f"{one:.7g}") for one in column] if column.typecode == "f" else list(column)
        for name, column in columns.items()
    }


def script_json(value: Any) -> str:
    """Return JSON that can stand in a script element: nothing in it ends the element.

    Raises ValueError for NaN and infinity.
    """
    text = json.dumps(value, ensure_ascii=True, allow_nan=False, separators=(",", ":"))
    return text.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e")
