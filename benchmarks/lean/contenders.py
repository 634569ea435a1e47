"""What runs a backtest: the stock Launcher, warm LEAN, a peer's warm LEAN."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from attrs import frozen
from regression.launcher import launch
from regression.results import Result, from_answer, from_document
from regression.warm import Process, serving

from lean.work import Place, Work
from leanopt_core.closing import Closing

#: In seconds, for one backtest.
LIMIT = 600.0
_COMPLETE = ("complete", "ok", "completed", "success")

Config = dict[str, Any]


@frozen
class Timed:
    """How many seconds a backtest took, and its result where the contender tells it."""

    seconds: float
    result: Result | None


class Stock:
    """LEAN's Launcher: a new process for each backtest."""

    def __init__(self, place: Place) -> None:
        self._place = place

    def run(self, config: Config) -> Timed:
        """Run one backtest."""
        begun = time.perf_counter()
        launched = launch(self._place.lean, config, self._place.scratch(), LIMIT)
        seconds = time.perf_counter() - begun
        if launched.document is None:
            raise RuntimeError(f"the Launcher wrote no document:\n{launched.printed[-2000:]}")
        return Timed(seconds, from_document(launched.document, launched.order_hash))


class Served(Closing):
    """A process that runs one backtest after the other; `begun` is when it was started."""

    def __init__(self, place: Place, command: tuple[str, ...]) -> None:
        self._place = place
        self.begun = time.perf_counter()
        self._process = Process(command, place.scratch())

    def close(self) -> None:
        """End the process."""
        self._process.end()

    def run(self, config: Config) -> Timed:
        """Run one backtest."""
        begun = time.perf_counter()
        answer = self._process.ask(self._request(config), LIMIT)
        seconds = time.perf_counter() - begun
        if str(answer.get("status")).lower() not in _COMPLETE:
            raise RuntimeError(f"a backtest failed: {json.dumps(answer)[:2000]}")
        return Timed(seconds, self._result(answer))

    def _request(self, config: Config) -> Mapping[str, Any]:
        raise NotImplementedError

    def _result(self, answer: Mapping[str, Any]) -> Result | None:
        raise NotImplementedError


class Warm(Served):
    """The warm harness, asked as leanopt asks it."""

    def __init__(self, place: Place, work: Work) -> None:
        strategy = place.strategy(work)
        super().__init__(place, tuple(serving(place.harness, place.lean, strategy, place.data, {})))

    def _request(self, config: Config) -> Mapping[str, Any]:
        return {"config": config, "outputs": ["equity"]}

    def _result(self, answer: Mapping[str, Any]) -> Result:
        return from_answer(answer)


class Peer(Served):
    """Another warm harness: told a file of LEAN's configuration, it leaves LEAN's documents.

    Nobody reads the documents here: the time to do so is not the peer's.
    """

    def __init__(self, place: Place, assembly: Path) -> None:
        variable = f"LEAN_LAUNCHER_DIR={place.lean}"
        super().__init__(place, ("env", variable, "dotnet", str(assembly)))

    def _request(self, config: Config) -> Mapping[str, Any]:
        folder = self._place.scratch()
        (folder / "results").mkdir()
        places = {
            "results-destination-folder": str(folder / "results"),
            "object-store-root": str(folder / "storage"),
        }
        file = folder / "config.json"
        file.write_text(json.dumps({**config, **places}))
        return {"config_path": str(file)}

    def _result(self, answer: Mapping[str, Any]) -> None:  # noqa: ARG002 - only a status
        return None
