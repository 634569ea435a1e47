"""Runs `leanopt doctor` on small projects, where wanted as another user or with other mounts."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pytest

TESTS = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(TESTS.parent), str(TESTS / "docker"), str(TESTS / "doctor")]

from reports import LEANOPT, MEMBERS, PIPELINE, STRATEGY, Doctor, Report, works  # noqa: E402


@pytest.fixture(scope="session")
def doctor(leanopt: Callable[..., subprocess.CompletedProcess[str]]) -> Doctor:
    """Run `leanopt doctor --json` in a folder; `wrapper` is a command that runs it as a process."""

    def run(
        folder: Path, *arguments: str, wrapper: Sequence[str] = (), **environment: str
    ) -> Report:
        words = ("doctor", *arguments, "--json")
        if wrapper:
            done = wrapped((*wrapper, str(LEANOPT), *words), folder, environment)
        else:
            done = leanopt(folder, *words, check=False, timeout=120, **environment)
        assert done.stdout, done.stderr
        said = json.loads(done.stdout)
        lines: dict[str, list[dict[str, str | None]]] = {}
        for line in said:
            assert set(line) == MEMBERS
            assert line["status"] in {"ok", "warning", "wrong"}
            assert line["what"]
            lines.setdefault(line["name"], []).append(line)
        assert (done.returncode != 0) == any(line["status"] == "wrong" for line in said)
        return Report(done.returncode, [line["name"] for line in said], lines)

    return run


def wrapped(
    command: Sequence[str], folder: Path, environment: Mapping[str, str]
) -> subprocess.CompletedProcess[str]:
    """Run a command in a folder, with these variables besides this process's."""
    done = subprocess.run(
        command,
        cwd=folder,
        env={**os.environ, **environment},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert "Traceback" not in done.stderr
    return done


@pytest.fixture
def small(tmp_path: Path) -> Path:
    """A strategy and a pipeline that want little, in a folder that any user may read."""
    folder = tmp_path / "small"
    (folder / "data").mkdir(parents=True)
    (folder / "strategy.py").write_text(STRATEGY)
    (folder / "pipeline.toml").write_text(PIPELINE)
    for path in (tmp_path, folder):
        path.chmod(0o755)
    return folder


@pytest.fixture(scope="session")
def mounted() -> Callable[[str], list[str]]:
    """Return the wrapper that runs a command after a shell command, in mounts of its own."""
    if not works("unshare", "--mount", "true"):
        pytest.skip("needs the right to mount: run by root")

    def wrapper(script: str) -> list[str]:
        return ["unshare", "--mount", "sh", "-c", f'{script} && exec "$@"', "sh"]

    return wrapper
