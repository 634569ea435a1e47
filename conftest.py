"""What many tests share: the real command, and a small plugin as a real distribution."""

from __future__ import annotations

import importlib
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from leanopt_core.errors import ExecutorError
from leanopt_core.executors.docker.engine import Engine, connect

# Tests import what they share, as `tests.stored`, wherever they lie.
sys.path.insert(0, str(Path(__file__).resolve().parent))

# A property that takes long on a busy machine is no failure.
settings.register_profile("leanopt", deadline=None)
settings.load_profile("leanopt")

LEANOPT = Path(sys.executable).with_name("leanopt")

Install = Callable[..., Path]
Leanopt = Callable[..., "subprocess.CompletedProcess[str]"]


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
    """Run the installed command in a folder; `check` false takes any exit code."""

    def run(
        folder: Path,
        *arguments: str,
        check: bool = True,
        timeout: float = 300,
        **environment: str,
    ) -> subprocess.CompletedProcess[str]:
        completed = subprocess.run(
            [LEANOPT, *arguments],
            cwd=folder,
            env={**os.environ, **environment},
            capture_output=True,
            text=True,
            check=False,
            timeout=timeout,
        )
        assert not check or completed.returncode == 0, completed.stderr
        assert "Traceback" not in completed.stderr
        return completed

    return run


@pytest.fixture
def start() -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Start the command in a session of its own; whatever still runs afterwards is killed."""
    started: list[subprocess.Popen[str]] = []

    def run(folder: Path, *arguments: str, **environment: str) -> subprocess.Popen[str]:
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
