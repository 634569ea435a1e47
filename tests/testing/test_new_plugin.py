"""A new plugin of each kind: built, installed, tested, checked, untouched."""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib
from collections.abc import Callable
from functools import partial
from pathlib import Path
from zipfile import ZipFile

import pytest

from leanopt_core.errors import UsageError
from leanopt_core.scaffold.plugin import KINDS, create

ROOT = Path(__file__).parents[2]
NAME = "hill_climb"


def run(*command: object, cwd: Path, **environment: str) -> str:
    """Run a Python module to its end; it must succeed."""
    done = subprocess.run(
        [sys.executable, "-m", *map(str, command)],
        cwd=cwd,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a new plugin of each kind, each with the kind in its name."""
    folder = tmp_path_factory.mktemp("made")
    for kind in KINDS:
        create(kind, f"{NAME}_{kind}", folder)
    return folder


@pytest.fixture(scope="module")
def site(made: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder where their wheels are installed."""
    wheels, site = tmp_path_factory.mktemp("wheels"), tmp_path_factory.mktemp("site")
    quiet = ("--quiet", "--disable-pip-version-check", "--no-deps")
    sources = sorted(made.iterdir())
    run("pip", "wheel", *quiet, "--no-build-isolation", "-w", wheels, *sources, cwd=made)
    run("pip", "install", *quiet, "--no-index", "-t", site, *sorted(wheels.iterdir()), cwd=made)
    return site


@pytest.mark.parametrize("kind", KINDS)
def test_a_whole_distribution(kind: str, tmp_path: Path) -> None:
    """README, project file, typed code and tests; every file is told, and no place is left open."""
    written = create(kind, NAME, tmp_path)
    root = tmp_path / "leanopt-hill-climb"
    there = sorted(path for path in root.rglob("*") if path.is_file())
    assert sorted(written) == there
    names = {str(path.relative_to(root)) for path in there}
    module = "leanopt_hill_climb"
    assert names >= {
        "README.md",
        "pyproject.toml",
        f"{module}/__init__.py",
        f"{module}/_impl.py",
        f"{module}/py.typed",
        f"tests/test_{NAME}.py",
    }
    project = tomllib.loads((root / "pyproject.toml").read_text())["project"]
    assert project["name"] == "leanopt-hill-climb"
    assert project["entry-points"] == {"leanopt": {NAME: module}}
    assert not [path for path in there if "${" in path.read_text()]


@pytest.mark.slow
@pytest.mark.long
@pytest.mark.parametrize("kind", KINDS)
def test_its_tests_pass_untouched(kind: str, made: Path, site: Path) -> None:
    """Installed from its wheel, with every warning an error."""
    folder = made / f"leanopt-hill-climb-{kind}"
    options = ("-q", "-p", "no:cacheprovider", "-W", "error", "-m", "not slow")
    said = run("pytest", *options, cwd=folder, PYTHONPATH=str(site))
    assert "passed" in said
    assert "skipped" not in said


@pytest.mark.slow
@pytest.mark.long
@pytest.mark.parametrize("name", ["x", "hill_climb_by_momentum"])
def test_types_and_style_hold(name: str, tmp_path: Path) -> None:
    """By the rules that leanopt itself keeps to, tests included, for short names and long ones."""
    config = ROOT / "pyproject.toml"
    roots = []
    for kind in KINDS:
        (first, *_) = create(kind, name, tmp_path / kind)
        roots.append(first.parent)
        run("ruff", "check", "--no-cache", "--config", config, ".", cwd=first.parent)
        run("ruff", "format", "--no-cache", "--check", "--config", config, ".", cwd=first.parent)
    module = f"leanopt_{name}"
    for root in roots:
        options = ("--strict", "--config-file", config, "--cache-dir", tmp_path / "cache")
        run("mypy", *options, root / module, cwd=ROOT, MYPYPATH=str(root))


@pytest.mark.parametrize("name", ["", "Hill", "2fast", "a b", "../x", "a__b", "a-", "é"])
def test_a_name_that_is_none(name: str, tmp_path: Path) -> None:
    """It is shown, with what is expected, and nothing is written."""
    with pytest.raises(UsageError, match="lowercase letters and digits"):
        create("stage", name, tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["optuna", "leanopt-ga-deap", "profit_factor", "core"])
def test_the_name_of_one_of_our_distributions(name: str, tmp_path: Path) -> None:
    """It would be taken for ours, and could not be installed beside it."""
    with pytest.raises(UsageError, match="is a distribution of leanopt's own; choose another"):
        create("stage", name, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_an_unknown_kind(tmp_path: Path) -> None:
    """The nearest is named."""
    with pytest.raises(UsageError, match="did you mean 'stage'"):
        create("stages", NAME, tmp_path)


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    """What is there stays as it is."""
    (tmp_path / "leanopt-hill-climb").mkdir()
    with pytest.raises(UsageError, match="already exists"):
        create("stage", NAME, tmp_path)
    assert list((tmp_path / "leanopt-hill-climb").iterdir()) == []


@pytest.mark.parametrize("name", ["leanopt-hill-climb", "leanopt_hill_climb", "hill-climb"])
def test_ways_to_write_a_name(name: str, tmp_path: Path) -> None:
    """With the distribution's beginning or without."""
    (written, *_) = create("sink", name, tmp_path)
    assert written == tmp_path / "leanopt-hill-climb" / "pyproject.toml"


def test_the_command(tmp_path: Path, leanopt) -> None:
    """It says what it wrote and what comes next; a wrong kind is named with the nearest."""
    new = partial(leanopt, tmp_path, "plugins", "new", check=False)
    done = new("sink", "hill-climb", "-o", "here")
    assert done.returncode == 0, done.stderr
    assert "here/leanopt-hill-climb/leanopt_hill_climb/_impl.py\n" in done.stdout
    assert "pytest here/leanopt-hill-climb" in done.stdout
    assert (tmp_path / "here" / "leanopt-hill-climb" / "pyproject.toml").is_file()
    wrong = new("sinks", "hill-climb")
    assert wrong.returncode == 2
    assert "did you mean 'sink'" in wrong.stderr


@pytest.mark.slow
def test_the_templates_are_in_the_wheel(wheel: Callable[[str], Path]) -> None:
    """Of the core, beside the kits."""
    inside = set(ZipFile(wheel("leanopt-core")).namelist())
    folder = ROOT / "leanopt_core" / "scaffold" / "plugin" / "templates"
    needed = [*folder.rglob("*.txt"), ROOT / "leanopt_core" / "testing" / "obeying.py"]
    assert {str(file.relative_to(ROOT)) for file in needed} <= inside
