"""A stand-in for an engine with several harnesses: answers at once, notes requests.

`twin_harness.py KIND FOLDER`: each request is a line `KIND X` of FOLDER/log. `odd` and `hidden`
give other statistics or another fingerprint of x = 7, `broken` fails there, `ruin` fails always,
`held` never answers. `random` gives other orders each time, `first` one less to the first request
of a process. FOLDER/salt, if it exists, is added to the orders.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

KIND, FOLDER = sys.argv[1], Path(sys.argv[2])
ASKED: list[int] = []


def answer(x: int) -> dict:
    """Run the backtest."""
    with (FOLDER / "log").open("a") as log:
        log.write(f"{KIND} {x}\n")
    if KIND == "held":
        sys.stdin.read()
    if KIND == "ruin" or (KIND == "broken" and x == 7):
        return {"status": "error", "message": f"no bars for x = {x}"}
    salt = FOLDER / "salt"
    orders = 5 + (int(salt.read_text()) if salt.exists() else 0)
    if KIND == "odd" and x == 7:
        orders += 1
    if KIND == "random" and x == 7:
        orders += 1 + int.from_bytes(os.urandom(4), "big")
    if KIND == "first" and not ASKED:
        orders -= 1
    ASKED.append(x)
    statistics = {"Net Profit": 10.1 - abs(x - 7), "Total Orders": orders}
    mark = f"hidden-{x}" if KIND == "hidden" and x == 7 else f"mark-{x}"
    return {"status": "complete", "statistics": statistics, "mark": mark}


def main() -> None:
    """Answer until the end of input."""
    for line in sys.stdin:
        request = json.loads(line)
        if "hello" in request:
            told = {"status": "complete", "hello": {"protocol": 1, "engine": "twin"}}
        else:
            told = answer(request["x"])
        sys.stdout.write(json.dumps({"id": request["id"], **told}) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
