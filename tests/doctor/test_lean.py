"""LEAN pipelines: LEAN, .NET and LEAN's data, where they are and where they are not."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from reports import Doctor, Report, made

from leanopt_core.executors.docker.engine import Engine
from tests.lean_data import ema_bands
from tests.standin import LAUNCHER, Standin, contents, install

PIPELINE = """
name = "spy"

[strategy]
engine = "lean"
project = "EmaBands"
data = "data"
launcher = "{launcher}"

[scenario]
symbol = "SPY"
start = 2003-01-01
end = 2007-12-31
resolution = "daily"
{pass_as}

[parameters]
fast = {{ min = 3, max = 25, step = 2 }}
slow = {{ min = 30, max = 120, step = 10 }}
entry = {{ min = 0, max = 8, step = 2 }}
exit = 0
stop = 0
fault = ""
resolution = "daily"

[fitness]
use = "statistic"
statistic = "Sharpe Ratio"
direction = "max"

[[stage]]
use = "random"
trials = 4
"""
DATES = 'pass_as = { start = "start", end = "end" }'
MAIN = """
from AlgorithmImports import *


class Bands(QCAlgorithm):
    def initialize(self):
        self.set_start_date(2003, 1, 1)
        self.set_end_date(2007, 12, 31)
        self.add_equity("SPY", Resolution.DAILY)
        self.fast = self.get_parameter("fast", 5)
        self.slow = self.get_parameter("slow", 50)
        self.entry = self.get_parameter("entry", 1)
        for name in ("exit", "stop", "fault", "resolution"):
            self.debug(self.get_parameter(name))
"""
SPY = "equity/usa/daily/spy.zip"
DOTNET = """#!/bin/sh
[ "$1" = --list-sdks ] && {{ {sdks}; exit 0; }}
exec {program} "$@"
"""


@pytest.fixture(scope="session")
def standin(tmp_path_factory: pytest.TempPathFactory) -> Standin:
    """LEAN's stand-in on this machine."""
    return install(tmp_path_factory.mktemp("standin"))


@pytest.fixture
def spy(tmp_path: Path, standin: Standin) -> Path:
    """A C# project with the data that it asks for."""
    ema_bands(tmp_path)
    (tmp_path / "pipeline.toml").write_text(
        PIPELINE.format(launcher=standin.launcher, pass_as=DATES)
    )
    return tmp_path


@pytest.fixture
def examined(spy: Path, standin: Standin, doctor: Doctor) -> Callable[..., Report]:
    """Examine the pipeline where `dotnet` is the stand-in's, with these SDKs."""
    programs = spy / "bin"
    programs.mkdir()

    def run(
        *arguments: str,
        sdks: str = "echo '10.0.100 [/usr/share/dotnet/sdk]'",
        libpython: str = "",
    ) -> Report:
        dotnet = programs / "dotnet"
        dotnet.write_text(DOTNET.format(sdks=sdks, program=standin.programs / "dotnet"))
        dotnet.chmod(0o755)
        path = f"{programs}:{standin.environment['PATH']}"
        around = {"PATH": path, "DOCKER_HOST": "unix:///none", "PYTHONNET_PYDLL": libpython}
        return doctor(spy, "pipeline.toml", *arguments, **around)

    return run


def in_python(spy: Path) -> None:
    """Put a strategy in Python in place of the other."""
    shutil.rmtree(spy / "EmaBands")
    (spy / "EmaBands").mkdir()
    (spy / "EmaBands" / "main.py").write_text(MAIN)
    text = (spy / "pipeline.toml").read_text()
    (spy / "pipeline.toml").write_text(text.replace(DATES, ""))


DOCKER = {"docker", "docker disk", "containers"}


def test_all_is_there(examined: Callable[..., Report], spy: Path) -> None:
    """It is built, and a harness has found LEAN's version."""
    report = examined()
    assert report.code == 0
    assert report.not_ok() == DOCKER
    assert report.one("dotnet")["what"] == f"{spy / 'bin' / 'dotnet'}, SDK 10.0.100"
    assert report.one("prices")["what"] == "SPY"
    assert "EmaBands (CSharp)" in report.one("strategy")["what"]
    assert report.one("harness")["what"].startswith(f"warm ({spy / '.leanopt' / 'builds'}")
    assert "engine lean 2.5.0.0" in report.one("harness")["what"]
    assert "libpython" not in report.names


def test_lean_is_not_there(examined: Callable[..., Report]) -> None:
    """The folder is named, and the build says so too."""
    report = examined("--set", "strategy.launcher=/nowhere/Debug")
    assert report.code == 6
    assert report.one("launcher")["status"] == "wrong"
    assert "/nowhere/Debug" in report.one("launcher")["what"]
    assert report.one("dotnet")["status"] == "ok"
    assert report.one("prices")["status"] == "ok"
    assert "harness" in report.blocked()


def test_net_is_not_there(spy: Path, doctor: Doctor) -> None:
    """No `dotnet` at all."""
    if shutil.which("dotnet"):
        pytest.skip("needs a machine without .NET")
    report = doctor(spy, "pipeline.toml")
    assert report.code == 6
    assert report.one("launcher")["status"] == "ok"
    assert "no `dotnet`" in report.one("dotnet")["what"]


@pytest.mark.long
def test_an_sdk_is_needed_to_compile(examined: Callable[..., Report], spy: Path) -> None:
    """A C# project, and the warm harness; a runtime runs what needs no compiling."""
    report = examined(sdks=":")
    assert report.code == 6
    assert "no SDK, which a C# project needs" in report.one("dotnet")["what"]
    in_python(spy)
    report = examined(sdks=":")
    assert report.code == 6
    assert "no SDK, which compiles the warm harness" in report.one("dotnet")["what"]
    assert "--set strategy.harness=launcher" in report.one("dotnet")["what"]
    report = examined("--set", "strategy.harness=launcher", sdks=":", libpython=sys.executable)
    assert report.one("dotnet")["what"].endswith("SDK none (not needed)")
    assert report.code == 0
    assert report.one("harness")["status"] == "ok"


@pytest.mark.long
def test_libpython_is_needed_for_python_only(examined: Callable[..., Report], spy: Path) -> None:
    """LEAN loads what a variable names; a file that is there is taken for it."""
    in_python(spy)
    for name, said in {
        "": "is not set where workers run",
        "/no/libpython.so": "does not exist",
    }.items():
        line = examined(libpython=name).one("libpython")
        assert line["status"] == "wrong"
        assert said in line["what"]
        assert line["fix"].startswith(("export PYTHONNET_PYDLL=/", "apt install libpython3"))
    line = examined(libpython=sys.executable).one("libpython")
    assert (line["status"], line["what"]) == ("ok", sys.executable)


@pytest.mark.long
def test_data_that_is_missing_is_named(examined: Callable[..., Report], spy: Path) -> None:
    """Reference data and prices, both at once; a worker is started nevertheless."""
    rates = spy / "data" / "alternative" / "interest-rate" / "usa" / "interest-rate.csv"
    rates.unlink()
    (spy / "data" / SPY).unlink()
    report = examined()
    assert report.code == 5
    assert str(rates) in report.one("reference data")["what"]
    assert "cp -r Lean/Data/alternative" in report.one("reference data")["fix"]
    assert report.one("prices")["what"].startswith(f"SPY: {spy / 'data' / SPY} is missing")
    assert report.one("prices")["fix"] == "lean data download"
    assert report.not_ok() == {"reference data", "prices", *DOCKER}
    unchecked = examined("--set", "strategy.check_data=false")
    assert unchecked.code == 0
    assert unchecked.one("prices")["status"] == "warning"


def test_no_data_folder(examined: Callable[..., Report], spy: Path) -> None:
    """What looks into it says so."""
    shutil.rmtree(spy / "data")
    report = examined()
    assert report.code == 5
    assert report.one("data")["status"] == "wrong"
    assert report.blocked() - DOCKER == {"reference data", "prices", "strategy", "harness"}
    assert report.one("launcher")["status"] == "ok"


def test_a_source_that_does_not_compile(examined: Callable[..., Report], spy: Path) -> None:
    """The compiler's error has its file and line."""
    source = spy / "EmaBands" / "EmaBands.cs"
    source.write_text(source.read_text() + "// error CS0103: no such name\n")
    report = examined()
    assert report.code == 5
    assert "EmaBands.cs(" in report.one("strategy")["what"]
    assert "CS0103" in report.one("strategy")["what"]
    assert report.blocked() - DOCKER == {"harness"}


def test_in_an_image(spy: Path, standin: Standin, doctor: Doctor, engine: Engine) -> None:
    """LEAN is looked for there, not here."""
    in_python(spy)
    text = (spy / "pipeline.toml").read_text()
    image = made(engine.client, contents())
    containers = f'[executor]\nuse = "docker"\nworkers = 1\nimage = "{image}"\n'
    containers += 'environment = { PYTHONNET_PYDLL = "/usr/local/bin/python3" }\n'
    (spy / "pipeline.toml").write_text(
        text.replace(str(standin.launcher), LAUNCHER).replace("[[stage]]", f"{containers}[[stage]]")
    )
    spy.chmod(0o755)
    report = doctor(spy, "pipeline.toml")
    assert report.code == 0, report.lines
    assert report.one("launcher")["what"] == LAUNCHER
    assert report.one("dotnet")["what"].startswith("/usr/local/bin/dotnet")
    assert "engine lean 2.5.0.0" in report.one("harness")["what"]
    use = ("--set", f"executor.image={made(engine.client)}")
    bare = doctor(spy, "pipeline.toml", *use)
    assert bare.code == 6
    assert bare.one("launcher")["status"] == bare.one("dotnet")["status"] == "wrong"
    assert bare.one("strategy")["status"] == "wrong"
