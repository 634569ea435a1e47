"""LEAN's stock Launcher: a fresh process for one backtest."""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from attrs import frozen

ASSEMBLY = "QuantConnect.Lean.Launcher.dll"
# A process that ends soon has nothing of what .NET learns for later, nor of its debugger's sockets.
_BRIEF = {"DOTNET_TieredPGO": "0", "DOTNET_EnableDiagnostics": "0"}
_HASH = re.compile(r"STATISTICS:: OrderListHash (\w+)")


@frozen
class Launched:
    """What the Launcher left in the folder `results`, and what it printed."""

    results: Path
    name: str
    exit_code: int
    printed: str

    @property
    def document(self) -> dict[str, Any] | None:
        """Return LEAN's result document, None if it left none."""
        file = self.results / f"{self.name}.json"
        return json.loads(file.read_bytes()) if file.is_file() else None

    @property
    def order_hash(self) -> str:
        """Return the order hash in LEAN's log, empty if there is none."""
        found = _HASH.search(self.printed)
        return found[1] if found else ""


def launch(lean: Path, config: Mapping[str, Any], folder: Path, time_limit: float) -> Launched:
    """Run LEAN in `lean` once, its files in `folder`; raises TimeoutExpired."""
    results = folder / "results"
    results.mkdir()
    file = folder / "config.json"
    places = {
        "results-destination-folder": str(results),
        "object-store-root": str(folder / "storage"),
    }
    file.write_text(json.dumps({**config, **places}))
    done = subprocess.run(
        ["dotnet", ASSEMBLY, "--config", file],
        cwd=lean,
        env={**os.environ, **_BRIEF, "TMPDIR": str(folder)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        check=False,
        timeout=time_limit,
    )
    return Launched(results, config["algorithm-id"], done.returncode, done.stdout)
