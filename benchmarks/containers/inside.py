"""One process a backtest inside one container, as `lean optimize` does; also runs there.

python3 inside.py WORKERS SECONDS REQUEST COMMAND...

Each of so many threads runs COMMAND again and again with the file REQUEST as its input, for so
long. Prints how many backtests a second that makes. Standard library only.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path


def paced(run: Callable[[], None], workers: int, seconds: float) -> float:
    """Return how often a second so many threads do this, each for so long and to the end."""
    with ThreadPoolExecutor(workers) as threads:
        begun = [threads.submit(_pace, run, seconds) for _ in range(workers)]
    return sum(future.result() for future in begun)


def _pace(run: Callable[[], None], seconds: float) -> float:
    count, begun = 0, time.monotonic()
    while time.monotonic() - begun < seconds:
        run()
        count += 1
    return count / (time.monotonic() - begun)


def check(said: bytes) -> None:
    """Raise ValueError unless a harness's answer is that of a backtest that ran to its end."""
    if json.loads(said)["status"] != "complete":
        raise ValueError(f"the harness answered {said.decode(errors='replace')}")


def main(workers: str, seconds: str, request: str, *command: str) -> None:
    """Measure and print."""

    def run() -> None:
        with Path(request).open("rb") as asked:
            check(subprocess.run(command, stdin=asked, stdout=subprocess.PIPE, check=True).stdout)

    run()  # reads the interpreter from the disk
    print(paced(run, int(workers), float(seconds)))


if __name__ == "__main__":
    main(*sys.argv[1:])
