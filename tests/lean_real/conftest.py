"""A real LEAN, the harness and strategies compiled against it, and its stock Launcher beside it."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from attrs import frozen
from leanopt_lean.config import template

from tests.lean_real.searches import Command, Search

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "benchmarks"))

from regression.algorithms import compiled  # noqa: E402 - found only now
from regression.launcher import ASSEMBLY, Launched, launch  # noqa: E402
from regression.warm import Process, serving  # noqa: E402

LEAN, DATA, PYTHON = "LEANOPT_LEAN", "LEANOPT_LEAN_DATA", "PYTHONNET_PYDLL"
STRATEGIES = Path(__file__).with_name("strategies")
#: In seconds; a cold start on a busy machine takes long.
LIMIT = 600.0
PROJECT = """<Project Sdk="Microsoft.NET.Sdk">
  <PropertyGroup>
    <TargetFramework>net10.0</TargetFramework>
    <AssemblyName>Strategies</AssemblyName>
    <GenerateDependencyFile>false</GenerateDependencyFile>
    <EnableDefaultCompileItems>false</EnableDefaultCompileItems>
  </PropertyGroup>
  <ItemGroup>
    <Compile Include="*.cs" />
    <Reference Include="$(LeanFolder)/QuantConnect.*.dll" Private="false"
      Exclude="$(LeanFolder)/QuantConnect.Algorithm.CSharp.dll" />
    <Reference Include="$(LeanFolder)/NodaTime.dll" Private="false" />
    <Reference Include="$(LeanFolder)/Python.Runtime.dll" Private="false" />
  </ItemGroup>
</Project>
"""


@frozen
class Real:
    """LEAN's folder, its data, and the harness compiled against it."""

    lean: Path
    data: Path
    harness: Path

    def config(self, strategy: Path, name: str, **parameters: object) -> dict[str, Any]:
        """Return LEAN's configuration as leanopt words it, without folders to write to."""
        language = "Python" if strategy.suffix == ".py" else "CSharp"
        worded = template(name, language, str(strategy), launcher=str(self.lean))
        given = {key: str(one) for key, one in parameters.items()}
        return {**json.loads(worded.filled(given, folders=False)), "data-folder": str(self.data)}

    def serve(self, strategy: Path, folder: Path) -> Process:
        """Start the harness for a strategy, in a folder of its own."""
        return Process(serving(self.harness, self.lean, strategy, self.data, {}), folder)


@frozen
class Strategy:
    """A strategy, warm in a harness, and cold in the stock Launcher."""

    real: Real
    file: Path
    process: Process
    cold: Callable[[dict[str, Any]], Launched]

    def config(self, name: str = "Bands", **parameters: object) -> dict[str, Any]:
        """Return the configuration of a backtest with these parameters."""
        return self.real.config(self.file, name, **parameters)

    def run(
        self,
        *outputs: str,
        scenario: dict[str, Any] | None = None,
        name: str = "Bands",
        **parameters: object,
    ) -> dict[str, Any]:
        """Run a backtest in the harness and return its answer."""
        request = {"config": self.config(name, **parameters), "outputs": list(outputs)}
        return self.process.ask({**request, "scenario": scenario or {}}, LIMIT)

    def launched(self, name: str = "Bands", **parameters: object) -> Launched:
        """Run it in the stock Launcher; one and the same is run once."""
        return self.cold(self.config(name, **parameters))


@pytest.fixture(scope="session")
def real(tmp_path_factory: pytest.TempPathFactory) -> Real:
    """The LEAN that the environment names."""
    lean = Path(os.environ.get(LEAN, ""))
    if LEAN not in os.environ or not (lean / ASSEMBLY).is_file():
        pytest.skip(f"needs a real LEAN: {LEAN} names the folder of its Launcher")
    data = Path(os.environ.get(DATA, lean.parent / "data"))
    sources = ROOT / "harness" / "csharp"
    harness = compiled(sources, lean, tmp_path_factory.mktemp("harness") / "made")
    return Real(lean.resolve(), data.resolve(), harness)


def compiled_strategies(real: Real, folder: Path, names: str) -> Path:
    """Compile the strategies in C# whose files have such names into an assembly of their own."""
    (folder / "Strategies.csproj").write_text(PROJECT)
    for source in STRATEGIES.glob(names):
        (folder / source.name).write_bytes(source.read_bytes())
    return compiled(folder, real.lean, folder / "made")


@pytest.fixture(scope="session")
def assembly(real: Real, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All strategies in C#; one has static state, so that they are loaded for each backtest."""
    return compiled_strategies(real, tmp_path_factory.mktemp("strategies"), "*.cs")


@pytest.fixture(scope="session")
def cold(real: Real, tmp_path_factory: pytest.TempPathFactory):
    """Run the stock Launcher once for each configuration."""
    known: dict[str, Launched] = {}

    def run(config: dict[str, Any]) -> Launched:
        key = json.dumps(config, sort_keys=True)
        if key not in known:
            known[key] = launch(real.lean, config, tmp_path_factory.mktemp("cold"), LIMIT)
        return known[key]

    return run


@pytest.fixture(scope="session")
def csharp(real: Real, assembly: Path, cold, tmp_path_factory) -> Iterator[Strategy]:
    """The strategies in C#, all tests of them in one harness."""
    process = real.serve(assembly, tmp_path_factory.mktemp("scratch"))
    yield Strategy(real, assembly, process, cold)
    process.end()


@pytest.fixture(scope="session")
def bands(real: Real, cold, tmp_path_factory) -> Iterator[Strategy]:
    """A strategy in C# without static state, which is loaded once; all its tests in one harness."""
    file = compiled_strategies(real, tmp_path_factory.mktemp("bands"), "Bands.cs")
    process = real.serve(file, tmp_path_factory.mktemp("scratch"))
    yield Strategy(real, file, process, cold)
    process.end()


@pytest.fixture(scope="session")
def python(real: Real, cold, tmp_path_factory) -> Iterator[Strategy]:
    """The strategy in Python, all tests of it in one harness."""
    if not Path(os.environ.get(PYTHON, "")).is_file():
        pytest.skip(f"needs Python for LEAN: {PYTHON} names its shared library")
    file = tmp_path_factory.mktemp("python") / "bands.py"
    file.write_bytes((STRATEGIES / "bands.py").read_bytes())
    process = real.serve(file, tmp_path_factory.mktemp("scratch"))
    yield Strategy(real, file, process, cold)
    process.end()


@pytest.fixture(scope="module")
def launcher() -> Path:
    """The folder of LEAN's Launcher that the environment names."""
    folder = Path(os.environ.get(LEAN, ""))
    if LEAN not in os.environ or not (folder / ASSEMBLY).is_file():
        pytest.skip(f"needs a real LEAN: {LEAN} names the folder of its Launcher")
    os.environ.setdefault("LEAN_DATA", os.environ.get(DATA, str(folder.parent / "data")))
    return folder.resolve()


@pytest.fixture(scope="module")
def library() -> Path:
    """The shared library of the Python that LEAN loads."""
    if not Path(os.environ.get(PYTHON, "")).is_file():
        pytest.skip(f"needs Python for LEAN: {PYTHON} names its shared library")
    return Path(os.environ[PYTHON])


@pytest.fixture(scope="module")
def searching(leanopt: Command, tmp_path_factory: pytest.TempPathFactory):
    """Return the search of an example with these options."""

    def search(example: str, *options: str) -> Search:
        folder = tmp_path_factory.mktemp(example)
        folder.chmod(0o755)
        return Search(ROOT / "examples" / example, options, folder, leanopt)

    return search


@pytest.fixture(scope="module")
def local(launcher: Path) -> tuple[str, ...]:
    """Have processes of this machine run backtests."""
    return ("executor={ use = 'process' }", f"strategy.launcher={launcher}")
