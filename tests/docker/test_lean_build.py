"""A LEAN project is built in a container of the image that runs it: here the stand-in's."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from leanopt_lean.build import Recipe, build

from leanopt_core.errors import StrategyError
from leanopt_core.executors.docker.engine import Engine
from leanopt_core.executors.docker.executor import DockerExecutor
from leanopt_core.work import Command, Mount

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parents[1])]
import image as images  # noqa: E402 - found beside this file
from standin import contents  # noqa: E402

PROJECT = """<Project Sdk="Microsoft.NET.Sdk">
  <ItemGroup><PackageReference Include="QuantConnect.Lean" Version="2.5.*"/></ItemGroup>
</Project>
"""


@pytest.fixture
def executor(make: Callable[..., DockerExecutor], engine: Engine) -> DockerExecutor:
    """Workers in an image with the stand-in for .NET and LEAN."""
    return make(image=images.image(engine.client, contents()))


@pytest.fixture
def umask() -> Iterator[None]:
    """The caller's files are for nobody else."""
    before = os.umask(0o077)
    yield
    os.umask(before)


def test_a_project_is_built_in_the_image(executor: DockerExecutor, folder: Path) -> None:
    """Against the LEAN there; what comes out is the caller's, and others may read it."""
    project = folder / "Trend"
    project.mkdir()
    (project / "Trend.csproj").write_text(PROJECT)
    (project / "Main.cs").write_text("public class Trend { }\n")
    recipe = Recipe(executor.runtime(), "harness 1")
    builds = folder / ".leanopt" / "builds"
    built = build(project, run_command=executor.run_command, builds=builds, recipe=recipe)
    assert built.assembly == "Trend.dll"
    assembly = built.path / "Trend.dll"
    assert json.loads(assembly.read_text())["sources"] == {"Main.cs": "public class Trend { }\n"}
    assert {path.stat().st_uid for path in (built.path, assembly)} == {os.getuid()}
    assert assembly.stat().st_mode & 0o444 == 0o444
    assert [path.name for path in builds.iterdir() if path.is_dir()] == [built.key]
    (project / "Main.cs").write_text("public class Trend {\n")
    with pytest.raises(StrategyError, match=r"Main\.cs\(1,1\): error CS1513: } expected"):
        build(project, run_command=executor.run_command, builds=builds, recipe=recipe)


def test_a_narrow_umask_keeps_nothing_from_workers(
    executor: DockerExecutor, folder: Path, umask: None
) -> None:
    """They may be another user, who reads what leanopt writes for them, and what was built."""
    project = folder / "Trend"
    project.mkdir()
    (project / "Trend.csproj").write_text(PROJECT)
    (project / "Main.cs").write_text("public class Trend { }\n")
    builds = folder / ".leanopt" / "builds"
    recipe = Recipe(executor.runtime(), "harness 1")
    built = build(project, run_command=executor.run_command, builds=builds, recipe=recipe)
    code = "import os, sys; print(open(sys.argv[1] + '/Trend.dll').read() != '')"
    mounts = (Mount("build", built.path),)
    assert (
        executor.run_command(Command(("{python}", "-c", code, "{build}"), mounts)).output
        == "True\n"
    )


def test_an_image_without_a_compiler_says_so(
    make: Callable[..., DockerExecutor], folder: Path, engine: Engine
) -> None:
    """It has LEAN, but no SDK."""
    bare = {name: what for name, what in contents().items() if not name.endswith("/dotnet")}
    executor = make(image=images.image(engine.client, bare))
    project = folder / "Trend"
    project.mkdir()
    (project / "Trend.csproj").write_text(PROJECT)
    with pytest.raises(StrategyError, match=r"no \.NET SDK where workers run"):
        build(
            project,
            run_command=executor.run_command,
            builds=folder / ".leanopt" / "builds",
            recipe=Recipe(executor.runtime(), "harness 1"),
        )
