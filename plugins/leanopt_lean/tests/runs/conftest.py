"""LEAN pipelines in folders of their own: a real strategy, made-up data, LEAN's stand-in."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from attrs import frozen

from tests.lean_data import ema_bands
from tests.standin import install

PIPELINE = """
name = "spy"
seed = 3

[strategy]
engine = "lean"
project = "EmaBands"
data = "data"
launcher = "{launcher}"
harness = "{harness}"

[scenario]
symbol = "SPY"
start = 2003-01-01
end = 2007-12-31
cash = 100_000
resolution = "daily"
pass_as = {{ start = "start", end = "end" }}

[parameters]
fast = {{ min = 3, max = 25, step = 2 }}
slow = {{ min = 30, max = 120, step = 10 }}
entry = {{ min = 0, max = 8, step = 2 }}

[fitness]
use = "statistic"
statistic = "Sharpe Ratio"
direction = "max"

[executor]
workers = 2

[[stage]]
use = "surrogate"
trials = 20
"""


@frozen
class Project:
    """A folder with a LEAN pipeline; `environment` is where `dotnet` is found."""

    folder: Path
    environment: dict[str, str]

    def edit(self, before: str, after: str, file: str = "pipeline.toml") -> None:
        """Replace what must be there in a file."""
        path = self.folder / file
        text = path.read_text()
        assert before in text
        path.write_text(text.replace(before, after))


@pytest.fixture(scope="session")
def standin(tmp_path_factory: pytest.TempPathFactory):
    """LEAN's stand-in on this machine."""
    return install(tmp_path_factory.mktemp("standin"))


@pytest.fixture
def harness() -> str:
    """The harness that runs LEAN; tests of others say so by a parameter of this name."""
    return "warm"


#: Runs a test with LEAN warm, and with its Launcher.
either = pytest.mark.parametrize(
    "harness", ["warm", pytest.param("launcher", marks=pytest.mark.long)]
)


@pytest.fixture
def lean(tmp_path: Path, standin, harness: str) -> Project:
    """A project of the strategy whose landscape is recorded, with the data that it asks for."""
    ema_bands(tmp_path)
    text = PIPELINE.format(launcher=standin.launcher, harness=harness)
    (tmp_path / "pipeline.toml").write_text(text)
    return Project(tmp_path, standin.environment)


@pytest.fixture
def run(lean: Project, leanopt) -> Callable[..., str]:
    """Run the real command in the project; return what it printed, both streams."""

    def command(*arguments: str, code: int = 0, **environment: str) -> str:
        told = {**lean.environment, **environment}
        done = leanopt(lean.folder, *arguments, check=False, **told)
        assert done.returncode == code, done.stdout + done.stderr
        return done.stdout + done.stderr

    return command
