"""The small program that looks around where workers run.

    python3 -I -S -c SOURCE

It prints a JSON object. Standard library only, Python 3.8 or newer: it runs in the image.
"""

from __future__ import annotations

# ruff: noqa: T201 - as small as can be
import json
import platform


def look() -> dict[str, object]:
    """Return which Python this is."""
    return {"python": platform.python_version()}


if __name__ == "__main__":
    print(json.dumps(look()))
