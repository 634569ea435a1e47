"""Sets LEAN's project, data, image and workers."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

from leanopt_lean.importing.draft import At, Draft
from leanopt_lean.importing.json_file import read_object
from leanopt_lean.importing.lean_cli import OptimizerSettings
from leanopt_lean.importing.table import Table

IMAGE: Final = "quantconnect/lean:latest"
_WORKSPACE: Final = "lean.json"
_MOST_WORKERS: Final = 10_000


def put_lean(draft: Draft, image: str = IMAGE, at: At | None = None) -> None:
    """Set the engine and the executor."""
    draft.put("strategy", "engine", "lean")
    draft.put("executor", "use", "docker")
    comment = "" if at else "the default of LEAN's command line"
    draft.put("executor", "image", image, at, comment)


def put_project(project: Path | None, at: At, folder: Path, draft: Draft) -> None:
    """Set the project's folder; if it is unknown, note that the user must fill it in."""
    if project is None:
        draft.put("strategy", "project", ".", None, "to do: the folder of main.py or the .csproj")
        draft.note(at, "no project specified; set [strategy] project, or give --project")
        return
    if project.is_file():
        draft.note(at, f"the project is the folder of {project.name}")
        project = project.parent
    draft.put("strategy", "project", path_text(project, folder), at)


def put_data(project: Path | None, settings: OptimizerSettings, folder: Path, draft: Draft) -> None:
    """Set LEAN's data folder: the configuration's, the workspace's, or `LEAN_DATA`."""
    if settings.data is not None:
        draft.put("strategy", "data", settings.data, settings.data_at)
        return
    workspace = _workspace(project) if project else None
    if workspace is None or not put_workspace_data(workspace, folder, draft):
        draft.refer("strategy", "data", "LEAN_DATA")


def put_workspace_data(workspace: Path, folder: Path, draft: Draft) -> bool:
    """Set the data folder that a `lean.json` names; return whether it names one."""
    at = At(str(workspace))
    raw = read_object(workspace, at, draft)
    data = Table(raw, at, draft).text("data-folder") if raw is not None else None
    if data is None:
        return False
    text = data if Path(data).is_absolute() else path_text(workspace.parent / data, folder)
    draft.put("strategy", "data", text, at / "data-folder")
    return True


def put_workers(workers: int | None, at: At, draft: Draft) -> None:
    """Set the number of workers, if it is given."""
    if workers is None:
        return
    if not 1 <= workers <= _MOST_WORKERS:
        draft.mistake(at, workers, f"expected 1 to {_MOST_WORKERS}")
    else:
        draft.put("executor", "workers", workers, at)


def project_of(file: Path) -> Path | None:
    """Return the nearest folder around a file that is a LEAN project, as `lean optimize` does."""
    for folder in file.absolute().parents:
        if (folder / "main.py").is_file() or any(folder.glob("*.csproj")):
            return folder
    return None


def path_text(path: Path, folder: Path) -> str:
    """Return a path relative to `folder`; an absolute one stays unchanged."""
    if path.is_absolute() and not path.is_relative_to(folder.absolute().parent):
        return str(path)
    return Path(os.path.relpath(path.absolute(), folder.absolute())).as_posix()


def _workspace(project: Path) -> Path | None:
    """Return the `lean.json` of the workspace that holds a project."""
    here = project.absolute()
    files = (folder / _WORKSPACE for folder in (here, *here.parents))
    return next((file for file in files if file.is_file()), None)
