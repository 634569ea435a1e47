"""Projects are built once, by content: real processes, and a stand-in for `dotnet build`."""

from __future__ import annotations

import json
import os
import select
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from textwrap import dedent

import pytest
from attrs import evolve, frozen
from leanopt_lean.build import Built, Options, Recipe, build

from leanopt_core.errors import StrategyError
from leanopt_core.executors.process import ProcessExecutor
from leanopt_core.options import ProcessOptions
from leanopt_core.work import Command, Completed

pytestmark = pytest.mark.long  # `make test` runs a few of them

STANDIN = Path(__file__).parents[4] / "tests" / "standin" / "build.py"
DEADLINE = 60

PROJECT = """<Project Sdk="Microsoft.NET.Sdk">
  <PropertyGroup><TargetFramework>net9.0</TargetFramework></PropertyGroup>
  <ItemGroup>
    <PackageReference Include="QuantConnect.Lean" Version="2.5.*"/>
    <PackageReference Include="QuantConnect.DataSource.Libraries" Version="2.5.*"/>
    <PackageReference Include="Newtonsoft.Json" Version="13.0.2"/>
  </ItemGroup>
</Project>
"""
SOURCE = "using QuantConnect;\npublic class Trend : QCAlgorithm { }\n"


class Gate:
    """Lets a test hear that `dotnet` has started, and hold it until it is let go."""

    def __init__(self, folder: Path) -> None:
        self._names = folder / "started", folder / "go"
        for name in self._names:
            os.mkfifo(name)
        self._started, self._go = (os.open(name, os.O_RDWR) for name in self._names)

    def wait(self) -> None:
        """Return once a `dotnet` has started."""
        ready, _, _ = select.select([self._started], [], [], DEADLINE)
        assert ready, "dotnet was not started"
        os.read(self._started, 64)

    def open(self) -> None:
        """Let one `dotnet` go on."""
        os.write(self._go, b"\n")

    def close(self) -> None:
        """Give the pipes back."""
        os.close(self._started)
        os.close(self._go)


@frozen
class Shop:
    """A project, the executor that builds it, and a `dotnet` that counts its runs."""

    folder: Path
    executor: ProcessExecutor
    recipe: Recipe

    @property
    def project(self) -> Path:
        """The project's folder."""
        return self.folder / "Trend"

    @property
    def builds(self) -> Path:
        """Where its builds are kept."""
        return self.folder / ".leanopt" / "builds"

    @property
    def runs(self) -> int:
        """How often `dotnet` was started."""
        log = self.folder / "dotnet.log"
        return len(log.read_text().splitlines()) if log.exists() else 0

    def write(self, name: str, text: str) -> None:
        """Write a file of the project."""
        path = self.project / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def build(self, *, recipe: Recipe | None = None, skip: bool = False, apart=()) -> Built:
        """Build the project."""
        return build(
            self.project,
            run_command=self.executor.run_command,
            builds=self.builds,
            recipe=recipe or self.recipe,
            apart=apart,
            skip=skip,
        )

    def left(self) -> list[str]:
        """The folders among the builds."""
        return sorted(path.name for path in self.builds.iterdir() if path.is_dir())


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shop]:
    """A C# project as LEAN CLI makes it, and a LEAN whose path MSBuild would take apart."""
    launcher = tmp_path / "Launcher; 100%"
    launcher.mkdir()
    runtime = {"runtimeOptions": {"tfm": "net10.0"}}
    name = "QuantConnect.Lean.Launcher.runtimeconfig.json"
    (launcher / name).write_text(json.dumps(runtime))
    for assembly in ("QuantConnect.Common", "Newtonsoft.Json"):
        (launcher / f"{assembly}.dll").touch()
    programs = tmp_path / "programs"
    programs.mkdir()
    dotnet = programs / "dotnet"
    dotnet.write_text(
        dedent(f"""\
        #!/bin/sh
        echo $$ >> '{tmp_path}/dotnet.log'
        if [ -p '{tmp_path}/go' ]; then echo >'{tmp_path}/started'; read _ <'{tmp_path}/go'; fi
        stat -c %a "$2" >> '{tmp_path}/modes'
        exec '{sys.executable}' '{STANDIN}' "$@"
        """)
    )
    dotnet.chmod(0o755)
    monkeypatch.setenv("PATH", f"{programs}:{os.environ['PATH']}")
    executor = ProcessExecutor(ProcessOptions(), tmp_path)
    recipe = Recipe({"image": "sha256:1"}, "harness 1", Options(str(launcher)))
    made = Shop(tmp_path, executor, recipe)
    made.write("Trend.csproj", PROJECT)
    made.write("Main.cs", SOURCE)
    made.write("Signals/Cross.cs", "public class Cross { }\n")
    yield made
    executor.close()


@pytest.fixture
def gate(tmp_path: Path) -> Iterator[Gate]:
    """What holds every `dotnet` of the shop."""
    made = Gate(tmp_path)
    yield made
    made.close()


@pytest.mark.smoke
def test_a_project_is_built_once(shop: Shop) -> None:
    """The second time there is no compiler."""
    first, second = shop.build(), shop.build()
    assert first == second
    assert shop.runs == 1
    assert first.assembly == "Trend.dll"
    told = json.loads((first.path / "Trend.dll").read_text())
    assert told["sources"] == {"Main.cs": SOURCE, "Signals/Cross.cs": "public class Cross { }\n"}
    # The launcher's framework, not the one that the project names.
    assert told["framework"] == "net10.0"


def test_nothing_is_left_but_the_build(shop: Shop) -> None:
    """Neither beside the sources nor among the builds."""
    before = sorted(shop.project.rglob("*"))
    built = shop.build()
    assert sorted(shop.project.rglob("*")) == before
    assert shop.left() == [built.key]
    there = {path.name for path in (shop.builds / built.key).iterdir()}
    assert there == {"source", "bin", "build.json"}


@pytest.mark.parametrize(
    "edit",
    [
        lambda shop: shop.write("Main.cs", SOURCE.replace("Trend", "Trent")),
        lambda shop: shop.write("notes.txt", ""),
        lambda shop: (shop.project / "Signals").rename(shop.project / "Rules"),
        lambda shop: shop.write("Trend.csproj", PROJECT + "<!-- -->"),
        lambda shop: shop.write(".editorconfig", "root = true"),
    ],
    ids=["a byte", "a file", "a name", "the project file", "the compiler's settings"],
)
def test_whatever_changes_is_built_anew(shop: Shop, edit: Callable[[Shop], object]) -> None:
    """Names and bytes count, of every file."""
    before = shop.build()
    edit(shop)
    after = shop.build()
    assert after.key != before.key
    assert after.source != before.source
    assert shop.runs == 2


def test_place_harness_and_options_are_part_of_the_key_but_not_of_the_source(shop: Shop) -> None:
    """Where it ran is no part of a search plan."""
    options = shop.recipe.options
    recipes = [
        shop.recipe,
        evolve(shop.recipe, runtime={"image": "sha256:2"}),
        evolve(shop.recipe, harness="harness 2"),
        evolve(shop.recipe, options=evolve(options, network=True)),
        evolve(shop.recipe, options=evolve(options, launcher=f"{options.launcher}/")),
    ]
    built = [shop.build(recipe=recipe) for recipe in recipes]
    assert len({one.key for one in built}) == len(recipes)
    assert len({one.source for one in built}) == 1
    assert shop.runs == len(recipes)


@pytest.mark.parametrize(
    "name",
    [
        "bin/Debug/Old.cs",
        "obj/Old.cs",
        ".git/HEAD",
        ".leanopt/leanopt.db",
        ".env",
        "Signals/obj/x.cache",
        "backtests/2026-01-01_00-00-00/code/Main.cs",
        "__pycache__/main.pyc",
    ],
)
def test_what_is_no_source_changes_nothing(shop: Shop, name: str) -> None:
    """Results, caches and secrets are neither hashed nor compiled."""
    before = shop.build()
    shop.write(name, "class Old {")
    assert shop.build() == before
    assert shop.runs == 1


def test_a_pipeline_in_the_project_is_no_part_of_it(shop: Shop) -> None:
    """More workers do not make another strategy."""
    shop.write("settings.toml", "fast = 3")
    before = shop.build()
    shop.write("pipeline.toml", '[strategy]\nengine = "lean"')
    assert shop.build() == before
    shop.write("settings.toml", "fast = 4")
    assert shop.build() != before


def test_a_folder_of_sources_is_one_whatever_its_name(shop: Shop) -> None:
    """LEAN CLI's results are told by what is in them."""
    before = shop.build()
    shop.write("live/Feed.cs", "class Feed { }")
    assert shop.build().source != before.source


def test_a_data_folder_in_the_project_is_set_apart(shop: Shop) -> None:
    """Data has an identity of its own."""
    shop.write("data/equity/usa/daily/spy.zip", "prices")
    before = shop.build(apart=[shop.project / "data"])
    assert not (shop.builds / before.key / "source" / "data").exists()
    shop.write("data/equity/usa/daily/spy.zip", "later prices")
    assert shop.build(apart=[shop.project / "data"]) == before


def test_every_error_is_told_with_file_and_line_and_nothing_is_kept(shop: Shop) -> None:
    """A fixed project builds."""
    shop.write("Main.cs", "class Trend\n{\n    // error CS0103: The name 'x' does not exist\n")
    shop.write("Signals/Cross.cs", "\n    int y = z; // error CS0029: Cannot convert\n")
    with pytest.raises(StrategyError) as caught:
        shop.build()
    assert str(caught.value).splitlines() == [
        "Trend.csproj does not compile (3 errors):",
        "  Main.cs(3,1): error CS1513: } expected",
        "  Main.cs(3,5): error CS0103: The name 'x' does not exist",
        "  Signals/Cross.cs(2,16): error CS0029: Cannot convert",
    ]
    assert shop.left() == []
    with pytest.raises(StrategyError):
        shop.build()
    assert shop.runs == 2
    shop.write("Main.cs", SOURCE)
    shop.write("Signals/Cross.cs", "")
    assert shop.build().assembly == "Trend.dll"


def test_warnings_that_are_errors_are_said_to_be(shop: Shop) -> None:
    """The compiler does not say that it is the project's own wish."""
    strict = "<TreatWarningsAsErrors>true</TreatWarningsAsErrors></PropertyGroup>"
    shop.write("Trend.csproj", PROJECT.replace("</PropertyGroup>", strict))
    shop.write("Main.cs", "class Trend\n{\n    // error CS0618: 'x' is obsolete\n}\n")
    with pytest.raises(StrategyError) as caught:
        shop.build()
    last = str(caught.value).splitlines()[-1]
    assert last == "warnings are errors by TreatWarningsAsErrors in Trend.csproj: set it to false"


def test_a_package_that_lean_does_not_have_needs_the_network(shop: Shop) -> None:
    """Those that it has do not."""
    extra = '<PackageReference Include="TA-Lib" Version="1.0.0" />'
    shop.write("Trend.csproj", PROJECT.replace("</ItemGroup>", f"{extra}</ItemGroup>"))
    with pytest.raises(StrategyError) as caught:
        shop.build()
    lines = str(caught.value).splitlines()
    assert lines[1].startswith("  Trend.csproj: error NU1101: Unable to find package TA-Lib")
    assert lines[2] == "packages are downloaded only with `build_network = true` in [strategy]"
    allowed = evolve(shop.recipe, options=evolve(shop.recipe.options, network=True))
    with pytest.raises(StrategyError, match="NU1301") as caught:
        shop.build(recipe=allowed)
    assert "build_network" not in str(caught.value)


def test_there_is_no_network_but_where_it_is_allowed(shop: Shop) -> None:
    """Neither for the compiler nor for what comes before it."""
    asked: list[bool] = []

    def run_command(command: Command) -> Completed:
        asked.append(command.network)
        return shop.executor.run_command(command)

    allowed = evolve(shop.recipe, options=evolve(shop.recipe.options, network=True))
    for recipe in (shop.recipe, allowed):
        build(shop.project, run_command=run_command, builds=shop.builds, recipe=recipe)
    assert asked == [False, False, False, True]


def test_no_lean_is_told_by_its_option(shop: Shop) -> None:
    """Before anything is compiled."""
    elsewhere = evolve(shop.recipe, options=Options(str(shop.folder / "nowhere")))
    with pytest.raises(StrategyError, match=r"strategy\.launcher: no LEAN in .*nowhere"):
        shop.build(recipe=elsewhere)
    assert shop.runs == 0


def test_no_compiler_is_told(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """An image without an SDK says so."""
    bare = shop.folder / "bare"
    bare.mkdir()
    monkeypatch.setenv("PATH", str(bare))
    with pytest.raises(StrategyError, match=r"no \.NET SDK"):
        shop.build()
    assert shop.left() == []


@pytest.mark.smoke
def test_links_neither_escape_nor_loop(shop: Shop) -> None:
    """Every one that does is named."""
    (shop.folder / "secret.cs").write_text("secret")
    (shop.project / "Out.cs").symlink_to(shop.folder / "secret.cs")
    (shop.project / "Loop").symlink_to(shop.project)
    (shop.project / "Lost.cs").symlink_to("nothing")
    os.mkfifo(shop.project / "Pipe.cs")
    with pytest.raises(StrategyError) as caught:
        shop.build()
    assert [line.split(" is ")[1] for line in str(caught.value).splitlines()] == [
        "a link to a folder; replace it by a copy",
        "a broken link; remove it",
        "a link out of the project; replace it by a copy",
        "not a regular file; remove it",
    ]
    assert shop.runs == 0


def test_a_link_to_a_file_of_the_project_is_that_file(shop: Shop) -> None:
    """It is copied as the file."""
    (shop.project / "Alias.cs").symlink_to("Main.cs")
    copy = shop.builds / shop.build().key / "source" / "Alias.cs"
    assert not copy.is_symlink()
    assert copy.read_text() == SOURCE


def test_a_project_elsewhere_cannot_be_referred_to(shop: Shop) -> None:
    """The compiler would not see it."""
    other = '<ProjectReference Include="..\\Library\\Risk\\Risk.csproj" />'
    shop.write("Trend.csproj", PROJECT.replace("</ItemGroup>", f"{other}</ItemGroup>"))
    with pytest.raises(StrategyError, match=r"Risk\.csproj, which is outside the project folder"):
        shop.build()


@pytest.mark.smoke
def test_sources_need_one_project_file(shop: Shop) -> None:
    """None and several are told."""
    shop.write("Second.csproj", PROJECT)
    with pytest.raises(StrategyError, match=r"2 project files: Second\.csproj, Trend\.csproj"):
        shop.build()
    (shop.project / "Second.csproj").unlink()
    (shop.project / "Trend.csproj").unlink()
    with pytest.raises(StrategyError, match=r"no \.csproj: .*Microsoft\.NET\.Sdk"):
        shop.build()


BUILDER = """
import sys
from pathlib import Path
from leanopt_lean.build import Options, Recipe, build
from leanopt_core.options import ProcessOptions
from leanopt_core.executors.process import ProcessExecutor
folder, launcher = sys.argv[1:]
executor = ProcessExecutor(ProcessOptions(), Path(folder))
print("begun", flush=True)
recipe = Recipe({"image": "sha256:1"}, "harness 1", Options(launcher))
built = build(Path(folder, "Trend"), run_command=executor.run_command,
              builds=Path(folder, ".leanopt", "builds"), recipe=recipe)
print(built.key, flush=True)
executor.close()
"""


@pytest.fixture
def builder(shop: Shop) -> Iterator[Callable[[], subprocess.Popen[str]]]:
    """Start processes that build the shop's project, each once it is about to."""
    started: list[subprocess.Popen[str]] = []

    def begin() -> subprocess.Popen[str]:
        command = [sys.executable, "-c", BUILDER, str(shop.folder), shop.recipe.options.launcher]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        started.append(process)
        assert process.stdout is not None
        assert process.stdout.readline() == "begun\n"
        return process

    yield begin
    for process in started:
        process.kill()
        process.communicate()


def test_two_at_once_build_once(
    shop: Shop, gate: Gate, builder: Callable[[], subprocess.Popen[str]]
) -> None:
    """The second waits for the first's build."""
    first = builder()
    gate.wait()
    second = builder()
    gate.open()
    # Were there a second compiler, it would find the gate shut: nobody opens it again.
    told = [process.communicate(timeout=DEADLINE)[0].strip() for process in (first, second)]
    assert told == [shop.build().key] * 2
    assert shop.runs == 1


def test_what_a_killed_one_left_is_removed(
    shop: Shop, gate: Gate, builder: Callable[[], subprocess.Popen[str]]
) -> None:
    """The lock ends with its process."""
    victim = builder()
    gate.wait()
    assert len(shop.left()) == 1
    victim.kill()
    victim.wait(DEADLINE)
    gate.open()
    (shop.folder / "go").unlink()
    built = shop.build()
    assert shop.left() == [built.key]
    assert (built.path / "Trend.dll").is_file()


def test_an_edit_while_it_is_built_is_for_the_next(
    shop: Shop, gate: Gate, builder: Callable[[], subprocess.Popen[str]]
) -> None:
    """A build is of what was copied."""
    process = builder()
    gate.wait()
    shop.write("Main.cs", SOURCE.replace("Trend", "Edited"))
    gate.open()
    key = process.communicate(timeout=DEADLINE)[0].strip()
    told = json.loads((shop.builds / key / "bin" / "Trend.dll").read_text())
    assert told["sources"]["Main.cs"] == SOURCE
    (shop.folder / "go").unlink()
    assert shop.build().key != key


def test_the_last_good_build_serves_where_building_is_skipped(shop: Shop) -> None:
    """Last is the one that was used last."""
    with pytest.raises(StrategyError, match=r"Trend has not been built yet; run once without"):
        shop.build(skip=True)
    first = shop.build()
    assert shop.build(skip=True) == first
    shop.write("Main.cs", SOURCE + "//")
    second = shop.build()
    shop.write("Main.cs", "class {")
    assert shop.build(skip=True) == evolve(second, stale=True)
    shop.write("Main.cs", SOURCE)
    shop.build()
    shop.write("Main.cs", "class {")
    assert shop.build(skip=True) == evolve(first, stale=True)
    assert shop.runs == 2


def test_a_skipped_build_in_another_place_has_another_key(shop: Shop) -> None:
    """Results of one image are not another's."""
    first = shop.build()
    elsewhere = evolve(shop.recipe, runtime={"image": "sha256:2"})
    skipped = shop.build(recipe=elsewhere, skip=True)
    assert skipped.path == first.path
    assert skipped.key == elsewhere.key(first.source) != first.key


def test_another_project_in_the_same_folder_is_not_the_last(shop: Shop) -> None:
    """Builds know their project."""
    shop.build()
    other = shop.folder / "Other"
    other.mkdir()
    (other / "main.py").write_text("")
    with pytest.raises(StrategyError, match=r"Other has not been built"):
        build(
            other,
            run_command=shop.executor.run_command,
            builds=shop.builds,
            recipe=shop.recipe,
            skip=True,
        )


@pytest.mark.parametrize("name", ["bin/Trend.dll", "build.json"])
def test_a_damaged_build_is_made_again(shop: Shop, name: str) -> None:
    """A power cut may leave empty files."""
    built = shop.build()
    (shop.builds / built.key / name).write_text("")
    again = shop.build()
    assert evolve(again, log="") == evolve(built, log="")
    assert shop.runs == 2
    assert json.loads((again.path / "Trend.dll").read_text())["stand-in"] == "assembly"


def test_a_python_project_is_a_frozen_copy(shop: Shop) -> None:
    """A running search does not see edits."""
    project = shop.folder / "Python"
    (project / "lib").mkdir(parents=True)
    (project / "main.py").write_text("import lib.rules")
    (project / "lib" / "rules.py").write_text("fast = 3")

    def built() -> Built:
        return build(
            project, run_command=shop.executor.run_command, builds=shop.builds, recipe=shop.recipe
        )

    first = built()
    assert first.assembly is None
    (project / "lib" / "rules.py").write_text("fast = 4")
    assert (first.path / "lib" / "rules.py").read_text() == "fast = 3"
    # What Python itself leaves beside the sources is no change.
    (first.path / "__pycache__").mkdir()
    second = built()
    assert second.key != first.key
    (project / "lib" / "rules.py").write_text("fast = 3")
    assert built() == first
    assert shop.runs == 0


def test_everybody_may_read_a_build(shop: Shop) -> None:
    """A container's user is another than root."""
    before = os.umask(0o077)
    try:
        built = shop.build()
    finally:
        os.umask(before)
    # While it is compiled the compiler's user reads it.
    assert (shop.folder / "modes").read_text() == "644\n"
    folder = shop.builds / built.key
    modes = {path.stat().st_mode & 0o777 for path in (folder, *folder.rglob("*"))}
    assert modes == {0o755, 0o644}
