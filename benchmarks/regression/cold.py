"""Cold results: a fresh process of LEAN's stock Launcher for each backtest, kept in a file."""

from __future__ import annotations

import json
from pathlib import Path
from subprocess import TimeoutExpired
from tempfile import TemporaryDirectory

from common import said

from leanopt_core.canonical import digest
from regression.algorithms import Algorithm, Lean
from regression.launcher import launch
from regression.results import Result, from_document

#: The status where the time limit was reached, which another time it may not be.
LATE = "no end within the time limit"


def run(algorithm: Algorithm, lean: Lean, time_limit: float) -> Result:
    """Run one backtest with the stock Launcher and return what its document says."""
    with TemporaryDirectory(prefix="leanopt-cold-") as folder:
        config = algorithm.configuration(lean)
        try:
            launched = launch(lean.folder, config, Path(folder), time_limit)
        except TimeoutExpired:
            return Result(LATE)
        document = launched.document
        if document is None:
            return Result(f"no document, exit code {launched.exit_code}")
        return from_document(document, launched.order_hash)


class Kept:
    """Cold results in a file of JSON lines, each under what decides it; None keeps nothing."""

    def __init__(self, file: Path | None, lean: Lean, time_limit: float) -> None:
        self._file = file
        self._lean = lean
        self._time_limit = time_limit
        self._identity = lean.identity
        self._results: dict[str, Result] = {}
        if file is not None and file.exists():
            lines = map(json.loads, file.read_text().splitlines())
            self._results = {line["key"]: Result.parse(line["result"]) for line in lines}

    def result(self, algorithm: Algorithm) -> Result:
        """Return an algorithm's cold result, from the file or from a fresh process."""
        key = self._key(algorithm)
        if key not in self._results:
            said(f"  cold: {algorithm.language} {algorithm.name}")
            self._results[key] = result = run(algorithm, self._lean, self._time_limit)
            if result.status != LATE:
                self._keep(key, algorithm.name)
        return self._results[key]

    def _key(self, algorithm: Algorithm) -> str:
        source = algorithm.file.read_text() if algorithm.language == "Python" else ""
        config = dict(algorithm.config)
        return digest([self._identity, algorithm.name, algorithm.language, source, config])

    def _keep(self, key: str, name: str) -> None:
        if self._file is not None:
            line = {"key": key, "name": name, "result": self._results[key].text()}
            with self._file.open("a") as file:
                file.write(json.dumps(line) + "\n")
