"""How long commands that only look take, from the shell's point of view, beside Optuna's."""

from __future__ import annotations

import subprocess
import sys
import time
from functools import partial
from pathlib import Path

from common import interleaved, medians, options, project, report
from quiet import Quiet
from throughput import PIPELINE, STRATEGY

_MODULES = """
import sys
from leanopt_core.cli import main
sys.argv = ["leanopt", "--help"]
try:
    main()
except SystemExit:
    pass
print(len(sys.modules))
"""


def seconds(folder: Path, *command: str) -> float:
    """Return how long a command takes in `folder`."""
    program = Path(sys.executable).with_name(command[0])
    begun = time.perf_counter()
    subprocess.run([program, *command[1:]], cwd=folder, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - begun


def help_modules() -> int:
    """Return how many modules `leanopt --help` has loaded when it ends, Python's own included."""
    command = [sys.executable, "-c", _MODULES]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return int(done.stdout.splitlines()[-1])


def a_run(pipeline: Path) -> None:
    """Make a store with a run, so that there is something to list."""
    from leanopt_core.pipeline import load_pipeline
    from leanopt_core.plugins import discover
    from leanopt_core.search.run import run_pipeline

    registry = discover()
    run_pipeline(load_pipeline(pipeline, registry, sets=("stage.0.trials=50",)), registry, Quiet())


def main() -> None:
    """Measure and print."""
    parser = options(__doc__)
    parser.add_argument("--repeats", type=int, help="of each command")
    chosen = parser.parse_args()
    repeats = chosen.repeats or (5 if chosen.quick else 21)
    with project(STRATEGY, PIPELINE) as pipeline:
        a_run(pipeline)
        timed = partial(seconds, pipeline.parent)
        contenders = {
            "leanopt_help_s": partial(timed, "leanopt", "--help"),
            "leanopt_plugins_s": partial(timed, "leanopt", "plugins"),
            "leanopt_runs_s": partial(timed, "leanopt", "runs"),
            "optuna_help_s": partial(timed, "optuna", "--help"),
        }
        interleaved(contenders, 1)  # reads everything from the disk once
        figures: dict[str, float | None] = {**medians(interleaved(contenders, repeats))}
    figures["leanopt_help_modules"] = help_modules()
    report("startup", figures, as_json=chosen.json)


if __name__ == "__main__":
    main()
