"""Run the command line of each request, and answer with what it printed; standard library only."""

from __future__ import annotations

import json
import subprocess
import sys
from tempfile import TemporaryDirectory
from typing import Any

_HELLO = {"protocol": 1, "engine": "command", "abilities": ["statistics"]}
# In bytes: longer output is no result, and a message needs no more of an error.
_LONGEST, _SHOWN = 64 * 2**20, 4096


def answer(request: dict[str, Any]) -> dict[str, Any]:
    """Return the answer to one request, without its id."""
    if "hello" in request:
        return {"status": "complete", "hello": _HELLO}
    try:
        # A folder of its own, so that no backtest finds files of another one.
        with TemporaryDirectory(dir=".") as folder:
            ended = subprocess.run(
                request["command"],
                stdin=subprocess.DEVNULL,
                capture_output=True,
                cwd=folder,
                check=False,
            )
    except (OSError, ValueError) as error:
        return failed("strategy error", f"the program cannot be started: {error}")
    if ended.returncode != 0:
        written = ended.stderr[-_SHOWN:].decode(errors="replace").strip()
        return failed("strategy error", f"exit code {ended.returncode}: {written}".rstrip(": "))
    if len(ended.stdout) > _LONGEST:
        return failed("no result", f"the program printed more than {_LONGEST} bytes")
    return {"status": "complete", "output": ended.stdout.decode(errors="replace")}


def failed(category: str, message: str) -> dict[str, Any]:
    """Return the answer of a backtest that failed."""
    return {"status": "error", "category": category, "message": message}


def main() -> None:
    """Answer requests until the input ends."""
    for line in sys.stdin:
        request = json.loads(line)
        sys.stdout.write(json.dumps({"id": request.get("id"), **answer(request)}) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
