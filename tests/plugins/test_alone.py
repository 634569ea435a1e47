"""Each plugin of ours, as a wheel beside the core's, works without those that it does not need."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from importlib.metadata import distribution
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
PLUGINS = {
    "leanopt-calmar": ("fitness function", "calmar"),
    "leanopt-deflated-sharpe": ("fitness function", "deflated_sharpe"),
    "leanopt-euler": ("stage", "euler"),
    "leanopt-expression": ("fitness function", "expression"),
    "leanopt-ga-deap": ("stage", "ga_deap"),
    "leanopt-grid": ("stage", "grid"),
    "leanopt-lean": ("engine", "lean"),
    "leanopt-lhs": ("stage", "lhs"),
    "leanopt-local-grid": ("stage", "local_grid"),
    "leanopt-nsga2": ("stage", "nsga2"),
    "leanopt-optuna": ("stage", "optuna"),
    "leanopt-points": ("stage", "points"),
    "leanopt-profit-factor": ("fitness function", "profit_factor"),
    "leanopt-random": ("stage", "random"),
    "leanopt-sharpe": ("fitness function", "sharpe"),
    "leanopt-sortino": ("fitness function", "sortino"),
    "leanopt-sqn": ("fitness function", "sqn"),
    "leanopt-statistic": ("fitness function", "statistic"),
    "leanopt-surrogate": ("stage", "surrogate"),
    "leanopt-ulcer": ("fitness function", "ulcer"),
}
CORE = {"leanopt-core", "leanopt-harness"}
Wheel = Callable[[str], Path]

pytestmark = pytest.mark.long

#: No `site`, so that nothing but the standard library and PYTHONPATH can be imported.
ISOLATED = [sys.executable, "-S", "-c"]
CLI = "from leanopt_core.cli import main; main()"
LOAD = """
import sys
from leanopt_core.plugins import Kind, discover
print(discover().find(Kind(sys.argv[1]), sys.argv[2]).load().__module__)
"""


def pip(*arguments: object) -> None:
    """Run this environment's pip, which has what building needs."""
    quiet = ["--quiet", "--disable-pip-version-check", "--no-deps"]
    command, *rest = map(str, arguments)
    subprocess.run([sys.executable, "-m", "pip", command, *quiet, *rest], check=True, cwd=ROOT)


def required(name: str) -> Iterator[str]:
    """Yield the distributions that one needs, directly or not, but the core and what that needs."""
    for text in distribution(name).requires or []:
        requirement = Requirement(text)
        wanted = requirement.marker is None or requirement.marker.evaluate({"extra": ""})
        if wanted and requirement.name not in CORE:
            yield canonicalize_name(requirement.name)
            yield from required(requirement.name)


@pytest.fixture(scope="module")
def core(wheel: Wheel, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Install the core's and the harness's wheels, with links to what they depend on."""
    folder = tmp_path_factory.mktemp("core")
    pip("install", "--target", folder, wheel("leanopt-core"), wheel("leanopt-harness"))
    link(folder, set(required("leanopt-core")))
    return folder


def link(folder: Path, names: set[str]) -> None:
    """Put links to installed distributions into a folder."""
    for name in names:
        found = distribution(name)
        for top in {file.parts[0] for file in found.files or []} - {"..", "__pycache__"}:
            (folder / top).symlink_to(Path(str(found.locate_file(top))))


def run(program: str, *arguments: str, path: list[Path], code: int = 0) -> str:
    """Run a program that sees the standard library and these folders only; return its output."""
    environment = {key: value for key, value in os.environ.items() if "LEANOPT" not in key}
    environment["PYTHONPATH"] = os.pathsep.join(map(str, path))
    ended = subprocess.run(
        [*ISOLATED, program, *arguments],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        cwd=path[0],
    )
    assert ended.returncode == code, ended.stderr
    return ended.stdout if code == 0 else ended.stderr


@pytest.mark.slow
@pytest.mark.parametrize("name", list(PLUGINS))
def test_one_wheel_beside_the_cores(name: str, wheel: Wheel, core: Path, tmp_path: Path) -> None:
    """`leanopt plugins` shows the core's own and this one's, and the plugin's code loads."""
    module = name.replace("-", "_")
    pip("install", "--target", tmp_path, wheel(name))
    installed = {entry.name for entry in tmp_path.iterdir()}
    assert installed == {module, f"{module}-{distribution(name).version}.dist-info"}
    needed = set(required(name)) - set(required("leanopt-core"))
    own = {one for one in needed if one.startswith("leanopt-")}
    for one in own:
        pip("install", "--target", tmp_path, wheel(one))
    link(tmp_path, needed - own)
    shown = json.loads(run(CLI, "plugins", "--json", path=[tmp_path, core]))
    others = {"leanopt-core", *own}
    theirs = [entry for entry in shown["plugins"] if entry["distribution"] not in others]
    assert [(e["distribution"], e["kind"], e["name"]) for e in theirs] == [(name, *PLUGINS[name])]
    assert shown["problems"] == []
    loaded = run(LOAD, *PLUGINS[name], path=[tmp_path, core]).strip()
    assert loaded == (f"{module}.engine" if name == "leanopt-lean" else f"{module}._impl")


@pytest.mark.slow
def test_leans_wheel_has_the_sources_of_its_harness(wheel: Wheel, tmp_path: Path) -> None:
    """Those of the repository, below the package; and its launcher harness runs where it is."""
    pip("install", "--target", tmp_path, wheel("leanopt-lean"))
    there, here = tmp_path / "leanopt_lean" / "csharp", ROOT / "harness" / "csharp"
    assert names(there) == names(here) != set()
    assert (tmp_path / "leanopt_lean" / "launcher" / "__main__.py").is_file()


def names(folder: Path) -> set[str]:
    """Return the files below a folder."""
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


@pytest.mark.slow
@pytest.mark.parametrize("command", [("init", "."), ("import", "optimizer-config.json")])
def test_the_core_alone_says_what_brings_lean(
    command: tuple[str, ...], core: Path, tmp_path: Path
) -> None:
    """A LEAN project, and another optimizer's file."""
    (tmp_path / "main.py").write_text("class Trend(QCAlgorithm): ...")
    said = run(CLI, *command, path=[tmp_path, core], code=2)
    assert "pip install leanopt-lean" in said


@pytest.mark.slow
def test_the_core_alone_says_what_a_pipeline_needs(core: Path, tmp_path: Path) -> None:
    """The plugin's name, where an engine is not there."""
    (tmp_path / "pipeline.toml").write_text("[strategy]\nengine = 'lean'\n")
    said = run(CLI, "check", "pipeline.toml", path=[tmp_path, core], code=3)
    assert "pip install leanopt-lean" in said


@pytest.mark.slow
def test_the_core_alone_has_no_method(core: Path) -> None:
    """Without a plugin there is neither a stage nor a fitness function, and no trouble."""
    shown = json.loads(run(CLI, "plugins", "--json", path=[core]))
    kinds = {entry["kind"] for entry in shown["plugins"]}
    assert kinds == {"engine", "executor", "sink"}
    assert shown["problems"] == []
