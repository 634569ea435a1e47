"""What many tests share: the real command, and a small plugin as a real distribution."""

from __future__ import annotations

import gc
import importlib
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from leanopt_core.errors import ExecutorError
from leanopt_core.executors.docker.engine import Engine, connect

# Tests import what they share, as `tests.stored`, wherever they lie.
sys.path.insert(0, str(Path(__file__).resolve().parent))

from tests import wheels
from tests.command import LEANOPT, as_process, in_process, set_pace

# A property that takes long on a busy machine is no failure. Hypothesis's own profile `ci` says the
# same, with 100 examples that are the same at each call.
settings.register_profile(
    "local", max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile(
    os.environ.get("HYPOTHESIS_PROFILE") or ("ci" if os.environ.get("CI") else "local")
)

Install = Callable[..., Path]
Leanopt = Callable[..., "subprocess.CompletedProcess[str]"]


#: Folders where the fixture `engine` is a Docker engine; it is an engine for strategies elsewhere.
CONTAINED = [Path(__file__).parent / "tests" / name for name in ("benchmarks", "docker", "doctor")]


#: The tests of the kits that `make test` runs in a class with the marker `kit_again`.
KIT_SMOKE = {
    "test_order_of_completion_changes_nothing",
    "test_any_space_is_searched",
    "test_stored_proposals_replay",
    "test_ends_when_every_point_is_tried",
    "test_a_good_backtest_has_a_value",
    "test_edges_of_each_statistic",
    "test_round_trip",
    "test_what_was_read_is_named",
    "test_an_edit_is_another_source",
    "test_each_request_gets_its_own_answer",
    "test_kill_leaves_nothing",
    "test_places",
    "test_scratch_files_go_in_and_out",
    "test_the_launch_s_environment",
}


def pytest_itemcollected(item: pytest.Item) -> None:
    """Mark what needs a Docker engine, and most of a kit that other classes show whole."""
    if item.path.parent in CONTAINED and "engine" in getattr(item, "fixturenames", ()):
        item.add_marker("docker")
    if item.get_closest_marker("kit_again") and isinstance(item, pytest.Function):
        of_a_kit = item.function.__module__.startswith("leanopt_core.testing")
        if of_a_kit and item.originalname not in KIT_SMOKE:
            item.add_marker("long")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark as long all but a few parameters, evenly spread, of each test that is marked so.

    The others are no smoke tests, if it is one.
    """
    alike: dict[str, list[pytest.Item]] = {}
    for item in items:
        if item.get_closest_marker("alike"):
            alike.setdefault(item.nodeid.partition("[")[0], []).append(item)
    for group in alike.values():
        mark = group[0].get_closest_marker("alike")
        assert mark is not None
        few = min(mark.args[0], len(group))
        kept = {index * len(group) // few for index in range(few)}
        for index, item in enumerate(group):
            if index not in kept:
                item.own_markers = [mark for mark in item.own_markers if mark.name != "smoke"]
                item.add_marker("long")


def pytest_collection_finish() -> None:
    """Keep the tests themselves out of garbage collections: each would take a quarter second."""
    gc.collect()
    gc.freeze()


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder on the import path; modules imported from it are forgotten afterwards."""
    folder = tmp_path / "site"
    folder.mkdir()
    monkeypatch.syspath_prepend(str(folder))
    before = set(sys.modules)
    yield folder
    for name in set(sys.modules) - before:
        module = sys.modules[name]
        if str(getattr(module, "__file__", "")).startswith(str(folder)):
            del sys.modules[name]


@pytest.fixture
def install(site: Path) -> Install:
    """Install a distribution: its name, its module's source, its entry point."""

    def installed(
        name: str, source: str, *, version: str = "1.0", entry: str | None = None
    ) -> Path:
        module = name.replace("-", "_")
        (site / f"{module}.py").write_text(source)
        info = site / f"{module}-{version}.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
        (info / "entry_points.txt").write_text(f"[leanopt]\n{module} = {entry or module}\n")
        importlib.invalidate_caches()
        return site

    return installed


@pytest.fixture(scope="session", autouse=True)
def _ctrl_c_is_heard() -> None:
    """Let children hear SIGINT: a shell that starts the tests in the background has it ignored."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def leanopt() -> Leanopt:
    """Run the command in a folder; `check` false takes any exit code.

    It runs in this process, or, where `process` says so, as the installed program.
    """

    def run(
        folder: Path,
        *arguments: str,
        check: bool = True,
        timeout: float = 300,
        process: bool = False,
        **environment: str,
    ) -> subprocess.CompletedProcess[str]:
        command = as_process if process else in_process
        completed = command(folder, arguments, environment, timeout)
        assert not check or completed.returncode == 0, completed.stderr
        assert "Traceback" not in completed.stderr
        return completed

    return run


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Return the wheel of one of our distributions, built once for all processes that run tests."""
    own = tmp_path_factory.getbasetemp()
    shared = own.parent if "PYTEST_XDIST_WORKER" in os.environ else own
    return partial(wheels.wheel, shared / "our-wheels")


@pytest.fixture
def start() -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Start the command in a session of its own; whatever still runs afterwards is killed."""
    started: list[subprocess.Popen[str]] = []

    def run(folder: Path, *arguments: str, **environment: str) -> subprocess.Popen[str]:
        set_pace(folder, arguments, environment)
        process = subprocess.Popen(
            [LEANOPT, *arguments],
            cwd=folder,
            env={**os.environ, **environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        started.append(process)
        return process

    yield run
    for process in started:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


@pytest.fixture
def canonical(leanopt: Leanopt) -> Callable[[Path], str]:
    """Return the canonical dump of a project's newest run, or of the one named."""

    def dump(folder: Path, *run: str) -> str:
        return leanopt(folder, "export", *run, "--to", "jsonl", "--canonical").stdout

    return dump


@pytest.fixture(scope="session")
def engine() -> Iterator[Engine]:
    """The engine that this user's `docker` command talks to."""
    try:
        engine = connect()
    except ExecutorError as error:
        pytest.skip(f"needs a Docker engine: {error}")
    yield engine
    engine.client.close()
