"""LEAN's regression algorithms: their names and what LEAN expects of them."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator, Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

from attrs import frozen
from leanopt_lean.config import template

from leanopt_core.canonical import digest

ASSEMBLY = "QuantConnect.Algorithm.CSharp.dll"
# The parameters in LEAN's own configuration, which its tests give as well.
_PARAMETERS = {"ema-fast": "10", "ema-slow": "20"}


@frozen
class Lean:
    """Where LEAN's Launcher is, its data, and further keys of its configuration."""

    folder: Path
    data: Path
    config: Mapping[str, str]

    @property
    def identity(self) -> str:
        """Return what decides its results, by content: assemblies, data, configuration."""
        files = {path.name: _hash(path) for path in sorted(self.folder.glob("QuantConnect.*.dll"))}
        data = {str(path.relative_to(self.data)): path.stat().st_size for path in _all(self.data)}
        return digest({"files": files, "data": data, "config": dict(self.config)})


@frozen
class Algorithm:
    """One algorithm; `file` is what LEAN loads."""

    name: str
    language: str
    file: Path
    status: str
    expected: Mapping[str, str]
    config: Mapping[str, str]

    def configuration(self, lean: Lean) -> dict[str, Any]:
        """Return LEAN's configuration for it, as leanopt words it, without folders to write to."""
        worded = template(self.name, self.language, str(self.file), launcher=str(lean.folder))
        config: dict[str, Any] = json.loads(worded.filled(_PARAMETERS, folders=False))
        return {**config, "data-folder": str(lean.data), **lean.config, **self.config}


def compiled(sources: Path, lean: Path, folder: Path) -> Path:
    """Compile a C# project of leanopt's against LEAN into `folder`; return its assembly."""
    (project,) = sources.glob("*.csproj")
    command: list[str | Path] = [
        *("dotnet", "build", project, "--nologo", "-v", "quiet", "-o", folder),
        *(f"-p:LeanFolder={lean}", f"-p:BaseIntermediateOutputPath={folder}-made/"),
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{project.name} does not compile:\n{done.stdout}")
    return folder / f"{project.stem}.dll"


def csharp(lean: Lean, listing: Path) -> Iterator[Algorithm]:
    """Yield the C# algorithms that can run locally."""
    for said in _listed(lean, listing):
        if "CSharp" in said["languages"]:
            yield _algorithm(said, "CSharp", lean.folder / ASSEMBLY)


def python(lean: Lean, listing: Path, folder: Path) -> Iterator[Algorithm]:
    """Yield the Python algorithms in a folder, which must give what their C# twins are to give."""
    for said in _listed(lean, listing):
        file = folder / f"{said['name']}.py"
        if "Python" in said["languages"] and file.is_file():
            yield _algorithm(said, "Python", file)


def _listed(lean: Lean, listing: Path) -> Iterator[dict[str, Any]]:
    command = ["dotnet", str(listing), str(lean.folder), str(lean.data)]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    for line in done.stdout.splitlines():
        said: dict[str, Any] = json.loads(line)
        if said["local"]:
            yield said


def _algorithm(said: Mapping[str, Any], language: str, file: Path) -> Algorithm:
    return Algorithm(said["name"], language, file, said["status"], said["expected"], said["config"])


def _hash(path: Path) -> str:
    return sha256(path.read_bytes()).hexdigest()


def _all(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())
