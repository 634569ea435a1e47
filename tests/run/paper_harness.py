"""A stand-in for an engine that writes its documents on demand: answers at once, notes requests.

`paper_harness.py LOG`: each request is a line of LOG. A request is `{"id", "x", "told", "outputs",
"folder"}`; with the output `document` it leaves `report.json` in `folder`.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

ABILITIES = ["statistics", "dates", "document"]


def answer(request: dict) -> dict:
    """Run the backtest."""
    statistics = {"Net Profit": 10.0 - abs(request["x"] - 7), "Total Orders": 5}
    if "document" in request["outputs"]:
        if request["x"] == request.get("odd"):
            statistics["Total Orders"] = 6
        Path(request["folder"], "report.json").write_text(json.dumps(statistics))
        while Path(f"{sys.argv[1]}.hold").exists():
            time.sleep(0.001)
    return {"status": "complete", "statistics": statistics}


def main() -> None:
    """Answer until the end of input."""
    for line in sys.stdin:
        request = json.loads(line)
        if "hello" in request:
            said = {"protocol": 1, "engine": "paper", "abilities": ABILITIES}
            told = {"status": "complete", "hello": said}
        else:
            with Path(sys.argv[1]).open("a") as log:
                log.write(line)
            told = answer(request)
        sys.stdout.write(json.dumps({"id": request["id"], **told}) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
