"""Keeps runs in a file of JSON lines, so that a method added later needs only its own runs."""

from __future__ import annotations

import json
from hashlib import sha256
from importlib import metadata
from importlib.util import find_spec
from typing import TYPE_CHECKING

from attrs import astuple, frozen

from search import sources
from search.drive import Trace
from search.methods import METHODS

if TYPE_CHECKING:
    from pathlib import Path

    from landscapes import Landscape

    from search.methods import Method


@frozen(order=True)
class Job:
    """One run: which method on which landscape, at which lookahead, with which seed."""

    landscape: str
    method: str
    lookahead: int
    seed: int


class Kept:
    """Runs in a file, by job; those of other code or of another landscape are not found."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._traces: dict[tuple[Job, str], Trace] = {}
        if path is not None and path.exists():
            for line in path.read_text(encoding="utf-8").splitlines():
                job, stamp, gains, *times = json.loads(line)
                trace = Trace(tuple((number, value) for number, value in gains), *times)
                self._traces[Job(*job), stamp] = trace

    def get(self, job: Job, stamp: str) -> Trace | None:
        """Return the run of a job, None if there is none under this stamp."""
        return self._traces.get((job, stamp))

    def add(self, job: Job, stamp: str, trace: Trace) -> None:
        """Keep a run."""
        self._traces[job, stamp] = trace
        if self._path is not None:
            with self._path.open("a", encoding="utf-8") as file:
                line = [astuple(job), stamp, trace.gains, trace.ask_ms, round(trace.cpu_s, 3)]
                file.write(json.dumps(line, allow_nan=False) + "\n")


def stamp(method: Method, landscape: Landscape) -> str:
    """Return a hash of what decides a run: the method, the code that it imports, the landscape."""
    known = METHODS[method.name]
    said = f"{known.parts} {known.peer} {known.last} {landscape.fingerprint}"
    content = sha256(said.encode())
    for code in sources.of_method(method):
        content.update(code.encode())
    for distribution in ("optuna", "cmaes"):
        uses = "optuna" in repr(method.parts) or method.peer not in (None, "plain_ga")
        if uses and find_spec(distribution):
            content.update(metadata.version(distribution).encode())
    return content.hexdigest()[:16]
