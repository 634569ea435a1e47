"""Faults of the machine in mid-run: a clock that is set back, all workers dying."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest

from leanopt_core.search import clock
from leanopt_core.search.clock import ClockWatch
from tests.run.conftest import STRATEGY

Leanopt = Callable[..., "subprocess.CompletedProcess[str]"]

#: The first backtest of each of the two workers kills it.
_KILLED = '''"""A hill with holes in it."""
    for name in ("first", "second"):
        try:
            os.mkdir(os.path.join(os.path.dirname(__file__), f".killed-{name}"))
        except FileExistsError:
            continue
        os.kill(os.getpid(), 9)
'''


@pytest.mark.parametrize(
    ("ahead", "said"),
    [
        (7200.0, "the system's clock was set back by 7,200 s during the run"),
        (-7200.0, None),
        (0.5, None),
        (0.0, None),
    ],
)
def test_a_clock_that_is_set_back(ahead: float, said: str | None) -> None:
    """Only backwards, and by more than a correction."""
    warning = ClockWatch(time.time() - time.monotonic() + ahead).set_back()
    assert (warning is None) == (said is None)
    assert warning is None or warning.startswith(said or "")


@pytest.mark.long
def test_a_run_warns_of_a_clock_that_is_set_back(
    project: Path, leanopt: Leanopt, canonical, truth: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And is the same run."""
    # The clock of this machine is not ours to set.
    shown = iter([3600.0])
    fake = SimpleNamespace(time=lambda: next(shown, 0.0), monotonic=lambda: 0.0)
    monkeypatch.setattr(clock, "time", fake)
    done = leanopt(project, "run", "pipeline.toml")
    assert "the system's clock was set back by 3,600 s during the run" in done.stderr
    assert canonical(project) == truth


@pytest.mark.long
def test_all_workers_die(project: Path, leanopt: Leanopt, canonical, truth: str) -> None:
    """They are replaced, their backtests are run again, and the run is the same."""
    strategy = STRATEGY.replace('"""A hill with holes in it."""\n', _KILLED)
    (project / "strategy.py").write_text(strategy)
    leanopt(project, "run", "pipeline.toml")
    assert {one.name for one in project.glob(".killed-*")} == {".killed-first", ".killed-second"}
    assert canonical(project) == truth
