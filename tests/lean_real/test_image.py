"""LEAN as its users have it: an image laid out as LEAN's own, and our containers around it.

Workers are user 65534 without capabilities, the root is read-only, and there is no network. LEAN's
folder is root's.
"""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from leanopt_lean.build import Recipe, build

from leanopt_core.errors import StrategyError
from leanopt_core.executors.docker.engine import Engine
from leanopt_core.executors.docker.executor import DockerExecutor
from leanopt_core.executors.docker.settings import DockerOptions
from tests.lean_real.conftest import STRATEGIES, Real
from tests.lean_real.in_image import image

pytestmark = pytest.mark.slow

#: In seconds: containers and a compiler on a busy machine.
LIMIT = 1800
PRICES = (
    *("equity/usa/map_files/spy.csv", "equity/usa/factor_files/spy.csv"),
    *("equity/usa/daily/spy.zip", "equity/usa/hour/spy.zip"),
)
PIPELINE = """
name = "levels"

[strategy]
engine = "lean"
project = "Levels"
data = "{data}"
{strategy}

[parameters]
threshold = {{ choices = {thresholds} }}
{parameters}

[fitness]
use = "statistic"
statistic = "Net Profit"
direction = "max"

[executor]
use = "docker"
image = "{image}"
pull = "never"
workers = 1

[[stage]]
use = "grid"
"""
CSPROJ = """<Project Sdk="Microsoft.NET.Sdk">
  <PropertyGroup><TargetFramework>net9.0</TargetFramework>{properties}</PropertyGroup>
  <ItemGroup><PackageReference Include="QuantConnect.Lean" Version="2.5.*" />{items}</ItemGroup>
</Project>
"""
#: Named and placed as an example of LEAN's that it began as.
EXAMPLE = """using QuantConnect.Data;
namespace QuantConnect.Algorithm.CSharp
{
    public class BasicTemplateAlgorithm : QCAlgorithm
    {
        public override void Initialize() { AddEquity("SPY", Resolution.Daily); }
        public override void OnData(Slice data) { var held = Portfolio.Invested; }
    }
}
"""

Run = Callable[..., dict[int, dict[str, Any]]]


@pytest.fixture(scope="session")
def published(real: Real, engine: Engine) -> str:
    """The image."""
    return image(engine.client, real.lean, real.data)


@pytest.fixture(scope="session")
def data(real: Real, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """LEAN's data for SPY by the day, and two levels for each day of a year."""
    folder = tmp_path_factory.mktemp("data")
    folder.chmod(0o755)
    for name in ("market-hours", "symbol-properties", "alternative/interest-rate"):
        shutil.copytree(real.data / name, folder / name)
    for name in PRICES:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(real.data / name, folder / name)
    days = [date(2004, 1, 1) + timedelta(number) for number in range(366)]
    lines = [f"{day},{day.day * 7 % 10},{day.day * 3 % 10}\n" for day in days if day.weekday() < 5]
    (folder / "levels.csv").write_text("".join(lines))
    return folder


@pytest.fixture(scope="module")
def builds(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of builds for all tests, so that the warm harness is compiled once."""
    return tmp_path_factory.mktemp("builds")


@pytest.fixture
def project(tmp_path: Path, builds: Path, published: str, data: Path) -> Callable[..., Path]:
    """Make a project of the levels in one of the languages."""
    tmp_path.chmod(0o755)

    def made(
        language: str, thresholds: list[int], strategy: str = "", parameters: str = ""
    ) -> Path:
        folder = tmp_path / language
        (folder / "Levels").mkdir(parents=True)
        if language == "python":
            shutil.copy(STRATEGIES / "levels.py", folder / "Levels" / "main.py")
        else:
            shutil.copy(STRATEGIES / "Levels.cs", folder / "Levels")
            (folder / "Levels" / "Levels.csproj").write_text(CSPROJ.format(properties="", items=""))
        (folder / ".leanopt").mkdir()
        (folder / ".leanopt" / "builds").symlink_to(builds)
        text = PIPELINE.format(
            data=data,
            image=published,
            thresholds=thresholds,
            strategy=strategy,
            parameters=parameters,
        )
        (folder / "pipeline.toml").write_text(text)
        return folder

    return made


@pytest.fixture
def run(leanopt) -> Run:
    """Run a project's search; return what came of each threshold."""

    def ran(project: Path, *sets: str) -> dict[int, dict[str, Any]]:
        words = [word for one in sets for word in ("--set", one)]
        done = leanopt(
            project, "run", "pipeline.toml", "--again", *words, check=False, timeout=LIMIT
        )
        lines = leanopt(project, "export", "--to", "jsonl").stdout.splitlines()
        trials = [one for one in map(json.loads, lines) if one.get("backtests")]
        assert len(trials) == 2, done.stderr
        return {
            one["parameters"]["threshold"]: next(iter(one["backtests"].values())) for one in trials
        }

    return ran


@pytest.mark.parametrize("language", ["python", "csharp"])
def test_unfolding_collections_and_the_store(
    project: Callable[..., Path], run: Run, tmp_path: Path, language: str
) -> None:
    """Levels come, warm and cold; each backtest begins with the same store, whatever they save.

    With a bonus in the store the backtest with threshold 4 is that with 5 and an empty store.
    """
    folder = project(language, [4, 5])
    warm = run(folder)
    assert all(one["statistics"]["Total Orders"] > 10 for one in warm.values())
    assert warm[4]["statistics"] != warm[5]["statistics"]
    cold = run(folder, "strategy.harness=launcher")
    assert {key: one["statistics"] for key, one in cold.items()} == {
        key: one["statistics"] for key, one in warm.items()
    }
    (folder / "store").mkdir()
    (folder / "store" / "bonus").write_text("1")
    for harness in ("warm", "launcher"):
        sets = ("strategy.object_store=store", f"strategy.harness={harness}")
        filled = run(folder, *sets, "parameters.threshold={ choices = [3, 4] }")
        assert filled[4]["statistics"] == warm[5]["statistics"]
        assert filled[3]["statistics"] == warm[4]["statistics"]
    assert (folder / "store" / "bonus").read_text() == "1"


@pytest.mark.parametrize("harness", ["warm", "launcher"])
def test_remote_data_fails_with_its_address(
    project: Callable[..., Path], run: Run, harness: str
) -> None:
    """LEAN itself goes on without it, and its result says nothing."""
    remote = "https://example.invalid/levels.csv"
    folder = project("python", [4, 5], "", f'remote = "{remote}"')
    for one in run(folder, f"strategy.harness={harness}").values():
        assert one["failure"] in ("strategy error", "no result")
        assert f"no remote data where workers run: {remote}" in one["message"]


def test_plan_says_what_is_absent(project: Callable[..., Path], leanopt) -> None:
    """With the place in the source; and how much memory a worker may hold."""
    folder = project("python", [4, 5])
    main = folder / "Levels" / "main.py"
    main.write_text(f"import talib\nimport pytz\nimport dateutil\n{main.read_text()}")
    done = leanopt(folder, "plan", "pipeline.toml", timeout=LIMIT)
    told = done.stderr.replace("leanopt: warning: ", "")
    assert (
        "main.py:1: imports 'talib', which is neither in the project nor in the workers' Python"
        in told
    )
    assert "(/opt/miniconda3/bin/python3.11)" in told
    assert "pytz" not in told
    assert "dateutil" not in told
    assert re.search(r"main\.py:\d+: SubscriptionTransportMedium\.REMOTE_FILE needs another", told)
    assert re.search(r"main\.py:\d+: object_store\.read: LEAN's object store is empty", told)
    assert re.search(r"memory: at most \S+ GiB a worker \(.*Python", done.stdout)


STRICT = "<TreatWarningsAsErrors>true</TreatWarningsAsErrors>"
FOREIGN = '<PackageReference Include="Accord.Genetic" Version="3.8.0" />'
PRESENT = '<PackageReference Include="MathNet.Numerics" Version="5.0.0" />'
BUILT: dict[str, dict[str, str]] = {
    "strict, nullable, with packages that LEAN has": {
        "P.csproj": CSPROJ.format(properties=f"{STRICT}<Nullable>enable</Nullable>", items=PRESENT),
    },
    "of several frameworks, with global.json, a solution and a lock file": {
        "P.csproj": CSPROJ.format(properties="", items="").replace(
            "<TargetFramework>net9.0</TargetFramework>",
            "<TargetFrameworks>net9.0;net8.0</TargetFrameworks>"
            "<RestoreLockedMode>true</RestoreLockedMode>",
        ),
        "global.json": '{"sdk": {"version": "8.0.100", "rollForward": "disable"}}',
        "P.sln": "Microsoft Visual Studio Solution File, Format Version 12.00\n",
        "packages.lock.json": '{"version": 1, "dependencies": {"net9.0": {}}}',
    },
}
REFUSED: dict[str, tuple[dict[str, str], str]] = {
    "a package that LEAN lacks": (
        {"P.csproj": CSPROJ.format(properties="", items=FOREIGN)},
        r"Unable to find package Accord\.Genetic.*\n.*`build_network = true` in \[strategy\]",
    ),
    "warnings of its own": (
        {
            "P.csproj": CSPROJ.format(properties=STRICT, items=""),
            "More.cs": "class More { private int one; }\n",
        },
        r"More\.cs\(1,26\): error CS0169",
    ),
}


@pytest.fixture
def executor(tmp_path: Path, published: str) -> Iterator[DockerExecutor]:
    """Containers of the image."""
    tmp_path.chmod(0o755)
    made = DockerExecutor(DockerOptions(image=published, pull="never"), tmp_path)
    yield made
    made.close()


def _build(folder: Path, files: dict[str, str], executor: DockerExecutor) -> str | None:
    """Build the example with these files beside it; return the assembly's name."""
    project = folder / "P"
    project.mkdir()
    for name, text in {"Main.cs": EXAMPLE, **files}.items():
        (project / name).write_text(text)
    builds = folder / "builds"
    builds.mkdir()
    recipe = Recipe(executor.runtime(), "a test")
    return build(project, run_command=executor.run_command, builds=builds, recipe=recipe).assembly


@pytest.mark.parametrize("case", BUILT)
def test_projects_build_without_a_network(
    tmp_path: Path, executor: DockerExecutor, case: str
) -> None:
    """As their users write them."""
    assert _build(tmp_path, BUILT[case], executor) == "P.dll"


@pytest.mark.parametrize("case", REFUSED)
def test_what_does_not_build_says_what_to_change(
    tmp_path: Path, executor: DockerExecutor, case: str
) -> None:
    """By name and place."""
    files, expected = REFUSED[case]
    with pytest.raises(StrategyError, match=expected):
        _build(tmp_path, files, executor)
