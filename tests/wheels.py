"""The wheels of this repository's distributions, each built once for all tests that install it."""

from __future__ import annotations

import fcntl
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def wheel(folder: Path, name: str) -> Path:
    """Return a distribution's wheel below a folder; the first to ask builds it, others wait."""
    target = folder / name
    folder.mkdir(exist_ok=True)
    with (folder / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not target.exists():
            _build(name, folder / f"{name}.part")
            (folder / f"{name}.part").rename(target)
    (found,) = target.glob("*.whl")
    return found


def _build(name: str, target: Path) -> None:
    others = {"leanopt-core": ROOT, "leanopt-harness": ROOT / "harness" / "python"}
    source = others.get(name) or ROOT / "plugins" / name.replace("-", "_")
    quiet = ("--quiet", "--disable-pip-version-check", "--no-deps", "--no-build-isolation")
    command = (sys.executable, "-m", "pip", "wheel", *quiet, "--wheel-dir", target, source)
    subprocess.run(command, check=True, cwd=ROOT)
