"""Translates `--extra-docker-config` to options of the docker executor."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Final

from leanopt_lean.importing.draft import MISSING, UNSAID, At, Draft, Entry, literal
from leanopt_lean.importing.table import Table

_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_REASONS: Final = {
    "name": "leanopt names each worker's container",
    "device_requests": "use [executor] devices",
}


def put_docker_settings(text: str, at: At, draft: Draft) -> None:
    """Set mounts and variables. Values of variables may be secrets: they must be set outside."""
    try:
        raw = json.loads(text)
    except (ValueError, RecursionError):
        raw = None
    if not isinstance(raw, Mapping):
        draft.mistake(at, UNSAID, "expected a JSON object")
        return
    settings = Table(raw, at, draft)
    mounts = [*_volumes(settings), *_mounts(settings)]
    if mounts:
        draft.put("executor", "mounts", mounts, at)
    variables = list(_variables(settings))
    if variables:
        draft.variables.extend(variables)
        value = {name: f"${{{name}}}" for name in variables}
        draft.tables["executor"]["environment"] = Entry(value, at)
    settings.rest(_REASONS, "LEAN's command line does not read it")


def _volumes(settings: Table) -> Iterator[str]:
    volumes = settings.table("volumes")
    for source in volumes.raw if volumes else ():
        volume = volumes.table(source) if volumes else None
        target = volume.text("bind", required=True) if volume else None
        if volume is not None and target is not None:
            yield _mount(source, target, writable=volume.text("mode") != "ro")


def _mounts(settings: Table) -> Iterator[str]:
    for mount in settings.tables("mounts"):
        source, target = mount.text("source", required=True), mount.text("target", required=True)
        _, read_only = mount.take("read_only")
        if source is not None and target is not None:
            yield _mount(source, target, writable=read_only is False)
        mount.rest({}, "mounts have source, target and read_only")


def _mount(source: str, target: str, *, writable: bool) -> str:
    return str(literal(f"{source}:{target}{':rw' * writable}"))


def _variables(settings: Table) -> Iterator[str]:
    """Yield the variables' names, from an object or from a list of NAME=VALUE."""
    at, given = settings.take("environment")
    if given is MISSING:
        return
    if not isinstance(given, list | Mapping):
        settings.draft.mistake(at, UNSAID, "expected an object, or a list of NAME=VALUE")
        return
    for item in given:
        name = item[0] if isinstance(item, list) and item else str(item).partition("=")[0]
        if _NAME.fullmatch(str(name)):
            yield str(name)
        else:
            settings.draft.mistake(at, UNSAID, "expected names of variables")
