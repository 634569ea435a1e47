"""A small project that uses a broken plugin, and the rows of the table of broken plugins."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterable, Iterator
from importlib import invalidate_caches
from pathlib import Path
from subprocess import CompletedProcess

from attrs import define, frozen

from tests.stored import told

BASE = (Path(__file__).parent / "base.py").read_text(encoding="utf-8")

STRATEGY = """
from leanopt_harness import Result, backtest


@backtest
def run(parameters, scenario):
    x = parameters["x"]
    return Result(
        {"Net Profit": x / 100, "Drawdown": 0.1, "Total Orders": 9},
        times=[75600, 162000, 248400],
        equity=[100.0, 100.5, 100.0 + x],
    )
"""

PIPELINE = """
name = "blame"
seed = 7

[strategy]
entry = "strategy.py:run"
engine = "{engine}"

[parameters]
x = {{ min = 1, max = 40, step = 1 }}

[fitness]
{fitness}

[search]
lookahead = 2

[executor]
use = "{executor}"
workers = 1

[[stage]]
use = "{stage}"
trials = 8
{sink}
"""


@frozen
class Row:
    """A broken plugin, and what becomes of a run that uses it.

    `kind` is what the pipeline uses of it: `stage`, `fitness`, `sink`, `engine`, `executor`, or
    nothing; `uses` are more kinds of it. `source` is appended to `base.py`, or replaces it if
    `whole`. `says` is a part of the standard error, `{me}` in it the plugin as messages name it.
    `told` is how many trials the store has as told; None if no run begins. `trial` is a part of the
    message of the last trial.
    """

    kind: str
    source: str
    says: str
    code: int = 4
    told: int | None = 0
    command: str = "run"
    trial: str = ""
    trials: int = 8
    whole: bool = False
    uses: tuple[str, ...] = ()

    def named(self, text: str) -> str:
        """Return a text with the plugin's name for `{me}`."""
        kind = "fitness function" if self.kind == "fitness" else self.kind
        return text.replace("{me}", f"{kind} 'broken' (acme-broken 1.0)")


@define
class Broken:
    """Writes the project and the plugin `acme-broken` into a folder, and runs `leanopt` there."""

    folder: Path
    leanopt: Callable[..., CompletedProcess[str]]

    @property
    def project(self) -> Path:
        """Return the project's folder."""
        return self.folder / "project"

    @property
    def site(self) -> Path:
        """Return the folder that the plugin is imported from."""
        return self.folder / "site"

    def __call__(
        self, kind: str, source: str, *, whole: bool = False, uses: Iterable[str] = ()
    ) -> Path:
        """Write the plugin, and a project that uses it for these kinds; return its folder."""
        info = self.site / "acme_broken-1.0.dist-info"
        info.mkdir(parents=True, exist_ok=True)
        text = source if whole else f"{BASE}\n\n{source}"
        (self.site / "acme_broken.py").write_text(text)
        (info / "METADATA").write_text("Metadata-Version: 2.1\nName: acme-broken\nVersion: 1.0\n")
        (info / "entry_points.txt").write_text("[leanopt]\nacme_broken = acme_broken\n")
        self.project.mkdir(exist_ok=True)
        (self.project / "strategy.py").write_text(STRATEGY)
        (self.project / "pipeline.toml").write_text(_pipeline((kind, *uses)))
        return self.project

    def run(self, *arguments: str, command: str = "run") -> CompletedProcess[str]:
        """Call the command on the pipeline, with any exit code."""
        words = (command, "pipeline.toml", *arguments)
        return self.leanopt(self.project, *words, check=False, PYTHONPATH=str(self.site))

    def told(self) -> int:
        """Return how many trials the store says were told."""
        return told(self.project)

    @contextlib.contextmanager
    def importable(self) -> Iterator[None]:
        """Import the plugin into this process, and forget it afterwards."""
        sys.path.insert(0, str(self.site))
        invalidate_caches()
        try:
            with contextlib.chdir(self.project):
                yield
        finally:
            sys.path.remove(str(self.site))
            sys.modules.pop("acme_broken", None)


def _pipeline(kinds: Iterable[str]) -> str:
    used = {"engine": "python", "executor": "process", "stage": "random", "sink": ""}
    used["fitness"] = 'use = "statistic"\nstatistic = "Net Profit"\ndirection = "max"'
    wording = {"fitness": 'use = "broken"', "sink": '\n[[sink]]\nuse = "broken"'}
    used.update({kind: wording.get(kind, "broken") for kind in kinds if kind})
    return PIPELINE.format(**used)
