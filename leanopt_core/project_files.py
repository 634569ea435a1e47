"""Where things lie in a project's folder."""

from __future__ import annotations

from pathlib import Path

#: Everything that leanopt writes beside a pipeline.
STATE = Path(".leanopt")
STORE = STATE / "leanopt.db"
LOCKS = STATE / "locks"
RESULTS = STATE / "results"
BUILDS = STATE / "builds"

_SOURCES = (".py", ".toml")


def occupied(path: Path, project: Path, pipeline: Path | None = None) -> str | None:
    """Return why results must not be written to `path`, None where they may.

    `project` is the folder of the pipeline, and `pipeline` its file where that is known.
    """
    real = path.resolve()
    if real.is_relative_to((project / STATE).resolve()):
        return f"it is in {STATE}, where the project's runs are kept"
    if real.suffix.lower() in _SOURCES or (pipeline is not None and real == pipeline.resolve()):
        return f"results are not written over a strategy or a pipeline ({', '.join(_SOURCES)})"
    return None
