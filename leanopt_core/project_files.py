"""The paths of leanopt's files in a project's folder."""

from __future__ import annotations

from pathlib import Path

#: Everything that leanopt writes beside a pipeline.
STATE = Path(".leanopt")
STORE = STATE / "leanopt.db"
LOCKS = STATE / "locks"
RESULTS = STATE / "results"
BUILDS = STATE / "builds"
SINGLES = STATE / "backtests"

_SOURCES = (".py", ".toml")


def make_folder(folder: Path, mode: int = 0o777) -> None:
    """Make a folder with its parents; a new `.leanopt` among them gets a `.gitignore`.

    `mode` is that of the folder itself. Raises OSError if that is not possible.
    """
    state = next((one for one in (folder, *folder.parents) if one.name == STATE.name), None)
    new = state is not None and not state.exists()
    folder.mkdir(mode, parents=True, exist_ok=True)
    if state is not None and new:
        # The store can be gigabytes, and belongs to this machine.
        (state / ".gitignore").write_text("*\n", encoding="utf-8")


def occupied(path: Path, project: Path, pipeline: Path | None = None) -> str | None:
    """Return why results must not be written to `path`, None if they may.

    `project` is the folder of the pipeline, `pipeline` its file if known.
    """
    real = path.resolve()
    if real.is_relative_to((project / STATE).resolve()):
        return f"it is in {STATE}, which leanopt reserves for the project's runs"
    if real.suffix.lower() in _SOURCES or (pipeline is not None and real == pipeline.resolve()):
        return f"results must not overwrite a strategy or a pipeline ({', '.join(_SOURCES)})"
    return None
