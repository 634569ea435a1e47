"""Draw the documentation's pictures: `python docs/pictures.py`.

`live.svg` shows the live screen during a real run of the quickstart. `fixed-distance.svg` and
`barrier.svg` are schedules, computed from the rules of a search. `trial.svg` shows the way of a
trial through the parts of leanopt.
"""

from __future__ import annotations

import io
import re
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from inspect import signature
from pathlib import Path
from typing import Final

from attrs import frozen
from rich.console import Console

from leanopt_core.cli.live import page
from leanopt_core.cli.progress import View
from leanopt_core.cli.screen import ProgressScreen
from leanopt_core.pipeline import load_pipeline
from leanopt_core.plugins import discover
from leanopt_core.search.run import run_pipeline

DOCS: Final = Path(__file__).parent
WIDTH, HEIGHT = 92, 30
#: Photograph the screen after this trial, well into the second of the two stages.
MOMENT: Final = 640
#: Use the reader's own fonts: fetch nothing from elsewhere.
FORMAT: Final = re.sub(
    r"@font-face \{\{.*?\}\}",
    "",
    signature(Console.export_svg).parameters["code_format"].default,
    flags=re.DOTALL,
)


class Photograph(ProgressScreen):
    """Collect the same as the live screen, and keep the first view after `MOMENT`."""

    EVERY = 0.25
    kept: View | None = None

    def show(self, view: View) -> None:
        """Keep the first view after `MOMENT`."""
        if self.kept is None and view.told >= MOMENT:
            self.kept = view

    @property
    def view(self) -> View:
        """Return the kept view, or the last one of a run that ended earlier."""
        return self.kept or self.progress.view(self._clock())


def live(sets: Sequence[str] = ()) -> str:
    """Run the quickstart, and return its live screen as SVG."""
    with tempfile.TemporaryDirectory() as folder:
        project = Path(folder, "quickstart")
        left = shutil.ignore_patterns(".leanopt", "__pycache__")
        shutil.copytree(DOCS.parent / "examples" / "quickstart", project, ignore=left)
        registry = discover()
        pipeline = load_pipeline(project / "pipeline.toml", registry, sets=sets, workers=2)
        with Photograph() as screen:
            run_pipeline(pipeline, registry, screen)
    console = Console(
        file=io.StringIO(), record=True, width=WIDTH, height=HEIGHT, force_terminal=True
    )
    console.print(page(screen.view, WIDTH, HEIGHT))
    title = "$ leanopt run pipeline.toml"
    return console.export_svg(title=title, code_format=FORMAT, unique_id="live")


@frozen
class Bar:
    """A backtest in a schedule: its trial, its worker, its begin and end in seconds."""

    trial: int
    worker: int
    begin: float
    end: float


#: The duration of each trial's backtest in the schedules; the fourth is slow.
SECONDS: Final = (2, 3, 2, 8, 2, 3, 2, 2, 3, 2, 2, 3)
WORKERS: Final = 3
LOOKAHEAD: Final = 6


def fixed_distance(told: Sequence[float], trial: int) -> float:
    """Return when a trial is asked for: as soon as trial - lookahead has been told."""
    return told[trial - LOOKAHEAD - 1] if trial > LOOKAHEAD else 0.0


def barrier(told: Sequence[float], trial: int) -> float:
    """Return when a trial is asked for if each batch waits for its slowest trial."""
    begun = (trial - 1) // WORKERS * WORKERS
    return told[begun - 1] if begun else 0.0


def schedule(asked: Callable[[Sequence[float], int], float]) -> tuple[list[Bar], list[float]]:
    """Return every backtest, and the time when each trial is told: in trial order."""
    free, told, bars = [0.0] * WORKERS, [], []
    for trial, seconds in enumerate(SECONDS, 1):
        worker = free.index(min(free))
        begin = max(free[worker], asked(told, trial))
        free[worker] = begin + seconds
        bars.append(Bar(trial, worker, begin, free[worker]))
        told.append(max(free[worker], told[-1] if told else 0.0))
    return bars, told


UNIT, ROW, LEFT, TOP = 34, 34, 86, 14
STYLE: Final = (
    "text{font:13px sans-serif;fill:#333}.paper{fill:#fff}.bar{fill:#7e8fd6}.slow{fill:#d98c5f}"
    ".number{text-anchor:middle;fill:#fff}.told{text-anchor:middle;font-size:11px}"
    ".tick{stroke:#999}.line{stroke:#ccc}"
)


def drawing(asked: Callable[[Sequence[float], int], float]) -> str:
    """Return a schedule as SVG: a row for each worker, then the times when trials are told."""
    bars, told = schedule(asked)
    width, below = LEFT + UNIT * int(max(told) + 1), TOP + ROW * WORKERS
    height = below + 50
    size = f'width="{width}" height="{height}"'
    names = (f'<text x="10" y="{TOP + ROW * n + 21}">worker {n + 1}</text>' for n in range(WORKERS))
    axis = f'x1="{LEFT}" x2="{width - 10}" y1="{below + 12}" y2="{below + 12}"'
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" {size}>',
        f"<style>{STYLE}</style>",
        f'<rect class="paper" {size} rx="6"/>',
        *names,
        *(line for bar in bars for line in _bar(bar)),
        f'<text x="10" y="{below + 32}">told</text>',
        f'<line class="line" {axis}/>',
        *_told(told, below),
        "</svg>",
    ]
    return "".join(f"{line}\n" for line in lines)


def _bar(bar: Bar) -> Iterator[str]:
    x, y = LEFT + UNIT * bar.begin, TOP + ROW * bar.worker
    wide = UNIT * (bar.end - bar.begin)
    kind = "slow" if wide > UNIT * 4 else "bar"
    yield f'<rect class="{kind}" x="{x + 1:g}" y="{y}" width="{wide - 2:g}" height="28" rx="3"/>'
    yield f'<text class="number" x="{x + wide / 2:g}" y="{y + 19}">{bar.trial}</text>'


def _told(told: Sequence[float], below: int) -> Iterator[str]:
    for time in sorted(set(told)):
        x = LEFT + UNIT * time
        trials = [trial for trial, when in enumerate(told, 1) if when == time]
        text = f"{trials[0]}" if len(trials) == 1 else f"{trials[0]}-{trials[-1]}"
        yield f'<line class="tick" x1="{x:g}" x2="{x:g}" y1="{below + 7}" y2="{below + 17}"/>'
        yield f'<text class="told" x="{x:g}" y="{below + 32}">{text}</text>'


#: Who takes part in a trial, from left to right; each has a lane.
LANES: Final = ("method", "machine", "loop", "store", "pool", "worker", "engine, fitness")
#: The steps of a trial: from which lane to which, and what goes there.
STEPS: Final = (
    ("machine", "method", "1  ask"),
    ("method", "machine", "2  proposal"),
    ("machine", "loop", "3  propose"),
    ("loop", "store", "4  known?"),
    ("loop", "pool", "5  request"),
    ("pool", "worker", "6  next free"),
    ("worker", "pool", "7  answer"),
    ("pool", "engine, fitness", "8  read"),
    ("engine, fitness", "store", "9  commit"),
    ("store", "loop", "durable"),
    ("engine, fitness", "machine", "10  score, in trial order"),
    ("machine", "method", "11  tell"),
)
LANE, STEP = 128, 30
TIP: Final = (
    '<marker id="tip" orient="auto" markerWidth="8" markerHeight="8" refX="7" refY="4">'
    '<path d="M0,0 L8,4 L0,8 z" fill="#4a5aa8"/></marker>'
)


def trial_way() -> str:
    """Return the way of a trial as SVG: a lane for each part, an arrow for each step."""
    width, height = LANE * len(LANES), 62 + STEP * len(STEPS)
    size = f'width="{width}" height="{height}"'
    middles = {name: LANE * at + LANE // 2 for at, name in enumerate(LANES)}
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" {size}>',
        f"<style>{STYLE}.step{{stroke:#4a5aa8;stroke-width:1.5;marker-end:url(#tip)}}</style>",
        TIP,
        f'<rect class="paper" {size} rx="6"/>',
        *(line for name, x in middles.items() for line in _lane(name, x, height)),
        *(line for at, step in enumerate(STEPS) for line in _step(at, step, middles)),
        "</svg>",
    ]
    return "".join(f"{line}\n" for line in lines)


def _lane(name: str, x: int, height: int) -> Iterator[str]:
    yield f'<rect class="bar" x="{x - 58}" y="10" width="116" height="26" rx="3"/>'
    yield f'<text class="number" x="{x}" y="28">{name}</text>'
    yield f'<line class="line" x1="{x}" x2="{x}" y1="36" y2="{height - 10}"/>'


def _step(at: int, step: tuple[str, str, str], middles: dict[str, int]) -> Iterator[str]:
    begin, end, text = middles[step[0]], middles[step[1]], step[2]
    y = 66 + STEP * at
    yield f'<line class="step" x1="{begin}" x2="{end}" y1="{y}" y2="{y}"/>'
    yield f'<text class="told" x="{(begin + end) / 2:g}" y="{y - 5}">{text}</text>'


def main() -> None:
    """Write every picture."""
    pictures = {
        "explanation/fixed-distance.svg": drawing(fixed_distance),
        "explanation/barrier.svg": drawing(barrier),
        "explanation/trial.svg": trial_way(),
        "live.svg": live(),
    }
    for name, text in pictures.items():
        (DOCS / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
