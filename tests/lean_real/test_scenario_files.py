"""What a real LEAN opens of its data, as strace sees it: files of the scenario, and no others."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest
from leanopt_lean.scenario_files import ShareNames, scenario_files
from leanopt_lean.source import scan
from regression.warm import Process, serving

from leanopt_core.api import PrepareContext, Scenario
from leanopt_core.data_files import present
from tests.lean_real.conftest import LIMIT, PROJECT, STRATEGIES, Real, compiled_strategies

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(shutil.which("strace") is None, reason="needs strace"),
]

_PATH = re.compile(r'^\d+ +\w+\([^"]*"([^"]*)"')
#: LEAN reads them all, to find those of its symbols.
_MAPS = "equity/usa/map_files/"


def touched(trace: Path, data: Path) -> set[str]:
    """Return the files of the data that calls in a trace name, also those that do not exist."""
    lines = trace.read_text(errors="replace").splitlines()
    found = (match[1] for line in lines if (match := _PATH.match(line)))
    below = {Path(name) for name in found if Path(name).is_relative_to(data)}
    return {path.relative_to(data).as_posix() for path in below if not path.is_dir()}


@pytest.mark.parametrize("name", ["Bands.cs", "bands.py"])
@pytest.mark.parametrize("ticker", ["AAPL", "GOOGL"])
def test_lean_opens_no_other_file(real: Real, tmp_path: Path, name: str, ticker: str) -> None:
    """Prices under all tickers, map and factor files, the benchmark and reference data."""
    project = tmp_path / "project"
    project.mkdir()
    source = name if name.endswith(".cs") else "main.py"
    shutil.copy(STRATEGIES / name, project / source)
    if name.endswith(".cs"):
        (project / "Bands.csproj").write_text(PROJECT)
        file = compiled_strategies(real, tmp_path, name)
    else:
        file = project / source
    scenario, shares = Scenario(symbol=ticker), ShareNames(real.data)
    said = scenario_files(scan(project), scenario, PrepareContext(), shares, None)
    assert said.patterns is not None, said.why
    trace = tmp_path / "trace"
    watched = ("strace", "-f", "-qq", "-s", "400", "-e", "trace=%file", "-o", str(trace))
    command = (*watched, *serving(real.harness, real.lean, file, real.data, {}))
    process = Process(command, tmp_path)
    given = {"ticker": ticker, "from": "2013-01-02", "until": "2014-12-30"}
    answer = process.ask({"config": real.config(file, "Bands", **given)}, LIMIT)
    process.end()
    assert answer["status"] == "complete", answer
    counted = {path for path, _ in present(real.data, said.patterns)}
    opened = touched(trace, real.data)
    assert {path for path in opened & counted if path.startswith("equity/usa/daily/")}
    missing = {path for path in opened - counted if (real.data / path).exists()}
    assert {path for path in missing if not path.startswith(_MAPS)} == set()
    absent = {path for path in opened if not (real.data / path).exists()}
    assert {path for path in absent if not would_count(path, said.patterns)} == set()


def would_count(path: str, patterns: tuple[str, ...]) -> bool:
    """Return whether a file that does not exist would count."""
    return any(
        path == one or Path(path).match(one) or path.startswith(f"{one}/") for one in patterns
    )
