"""LEAN's real result folders, and what is read of them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from io import BytesIO
from pathlib import Path
from typing import Any, BinaryIO

from leanopt_lean.document import read_results

from leanopt_core.work import Outcome

CASES = Path(__file__).parents[4] / "tests" / "lean-results" / "documents"
ALL = frozenset({"equity", "trades"})


class Left(dict[str, bytes]):
    """A request's folder, held in memory as that of a container is."""

    def names(self) -> list[str]:
        """Return the names, sorted."""
        return sorted(self)

    def open(self, name: str) -> BinaryIO:
        """Open a file to read."""
        try:
            return BytesIO(self[name])
        except KeyError:
            raise FileNotFoundError(name) from None

    def remove(self) -> None:
        """Forget everything."""
        self.clear()


def folder(case: str) -> Left:
    """Return all that LEAN left, in `results/` of a request's folder."""
    return Left({f"results/{path.name}": path.read_bytes() for path in (CASES / case).iterdir()})


def document(case: str) -> dict[str, Any]:
    """Return a case's result document."""
    loaded: dict[str, Any] = json.loads((CASES / case / "backtest.json").read_bytes())
    return loaded


def read(files: Left, symbol: str | None = "SPY", outputs: frozenset[str] = frozenset()) -> Outcome:
    """Return what is read of a folder."""
    return read_results(files, prefix="results/", ident="backtest", symbol=symbol, outputs=outputs)


def read_document(changed: Mapping[str, Any], outputs: frozenset[str] = ALL) -> Outcome:
    """Return what is read of a folder that holds but this document."""
    return read(Left({"results/backtest.json": json.dumps(changed).encode()}), outputs=outputs)
