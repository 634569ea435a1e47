"""What lean-optimizer's `base_config.json` and `.env` say of the engine and its containers."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from types import MappingProxyType
from typing import Final

from leanopt_lean.importing import dotenv
from leanopt_lean.importing.draft import MISSING, At, Draft
from leanopt_lean.importing.json_file import read_object
from leanopt_lean.importing.lean_cli import REASONS
from leanopt_lean.importing.lean_project import put_lean
from leanopt_lean.importing.lean_settings import put_setting
from leanopt_lean.importing.table import Table

_NAME: Final = "config/base_config.json"
_PLACE: Final = "the data is mounted by leanopt; [strategy] data says where it is"
_REASONS: Final = MappingProxyType(
    {key: REASONS[key] for key in ("algorithm-type-name", "algorithm-language")}
    | {"data-folder": _PLACE, "results-destination-folder": REASONS["results-destination-folder"]}
)


def read_base_config(file: Path, variables: Mapping[str, str], draft: Draft) -> bool:
    """Set engine, data, image and launcher; return whether the project is known too."""
    at = At(_NAME)
    raw = read_object(file, at, draft) if file.exists() else None
    known = False
    if raw is not None:
        known = _read(Table(raw, at, draft), variables, draft)
    put_lean(draft)
    if dotenv.IMAGE in variables:
        draft.refer("executor", "image", dotenv.IMAGE, At(".env", (dotenv.IMAGE,)))
    data = dotenv.DATA if dotenv.DATA in variables else "LEAN_DATA"
    draft.refer("strategy", "data", data, At(".env", (dotenv.DATA,)))
    if dotenv.LAUNCHER in variables:
        draft.refer("strategy", "launcher", dotenv.LAUNCHER, At(".env", (dotenv.LAUNCHER,)))
    limit = "as lean-optimizer waits for its harness"
    draft.put("executor", "time_limit", "2min", None, limit)
    return known


def _read(document: Table, variables: Mapping[str, str], draft: Draft) -> bool:
    location = document.text("algorithm-location")
    environment = document.text("environment")
    if environment not in (None, "backtesting"):
        expected = 'expected "backtesting": leanopt does nothing else'
        draft.mistake(document.at / "environment", environment, expected)
    for key, reason in _REASONS.items():
        at, value = document.take(key)
        if value is not MISSING:
            draft.dropped(at, reason)
    for at, key, value in document.left():
        put_setting(key, value, at, draft)
    if location is None or dotenv.WORKSPACE not in variables:
        return False
    at = document.at / "algorithm-location"
    name = PurePosixPath(location).stem
    if not name or name in (".", "..") or "\\" in name or "\0" in name:
        draft.mistake(at, location, "expected the name of an assembly, as /Artifacts/Name.dll")
        return False
    # lean-optimizer looks for the project of an assembly there, too.
    draft.refer("strategy", "project", dotenv.WORKSPACE, at, f"/{name}")
    return True
