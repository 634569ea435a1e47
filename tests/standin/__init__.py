"""A stand-in for .NET with LEAN in it, for tests: no strategy runs, no code is compiled.

Its `dotnet` has three faces. `dotnet QuantConnect.Lean.Launcher.dll --config FILE` (`launcher.py`)
checks the configuration as LEAN would, and answers with what real LEAN once wrote: the documents in
`tests/lean-results/`, and documents around the recorded statistics of two landscapes.
`dotnet LeanoptHarness.dll ...` (`warm.py`) serves the harness protocol with the same results. Any
other command (`dotnet build`, `dotnet publish`) is `build.py`'s.

    standin = install(tmp_path / "standin")                      # on this machine
    leanopt(folder, "run", "pipeline.toml", **standin.environment)  # launcher = standin.launcher
    image(client, contents())                                    # in an image: launcher = LAUNCHER
"""

from __future__ import annotations

import gzip
import json
import os
import struct
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

#: The folder of the Launcher, where LEAN's own image has it.
LAUNCHER = "/Lean/Launcher/bin/Debug"
ASSEMBLY = "QuantConnect.Lean.Launcher.dll"
PROGRAMS = "/usr/local/bin"
MODULES = "/usr/local/share/standin"
VERSION = (2, 5, 0, 0)

_TESTS = Path(__file__).resolve().parents[1]
_LANDSCAPES = {
    "curves.jsonl": _TESTS / "lean-results" / "ema-bands-spy-2003-2007.jsonl.gz",
    "full.jsonl": _TESTS.parent / "benchmarks/landscapes/data/ema-bands-spy-2003-2007.jsonl.gz",
}
_DOTNET = """#!{python} -IS
# {what}
import sys
sys.path.insert(0, {modules!r})
from dotnet import main
sys.exit(main(sys.argv[1:]))
"""
# As the .NET SDK writes it beside a program: what the program was built for.
_RUNTIME = b'{"runtimeOptions": {"tfm": "net10.0"}}\n'
_WHAT = "leanopt's stand-in for tests: this is not .NET"


@dataclass(frozen=True)
class Standin:
    """A stand-in that was installed: the Launcher's folder, the folder that holds `dotnet`."""

    launcher: Path
    programs: Path

    @property
    def environment(self) -> dict[str, str]:
        """Return the variables under which `dotnet` is found."""
        return {"PATH": f"{self.programs}{os.pathsep}{os.environ['PATH']}"}


def install(folder: Path) -> Standin:
    """Lay the stand-in out below a folder, to be run by this interpreter."""
    for name, what in contents(str(folder), sys.executable).items():
        place = Path(name)
        place.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(what, bytes):
            place.write_bytes(what)
            place.chmod(0o755)
        else:
            place.symlink_to(what)
    return Standin(Path(f"{folder}{LAUNCHER}"), Path(f"{folder}{PROGRAMS}"))


def contents(root: str = "", python: str = f"{PROGRAMS}/python3") -> dict[str, Path | bytes]:
    """Return what is where below `root`: paths to contents, or to the file or folder to copy."""
    modules = sorted(Path(__file__).parent.glob("*.py"))
    dotnet = _DOTNET.format(python=python, modules=root + MODULES, what=_WHAT)
    return {
        f"{root}{PROGRAMS}/dotnet": dotnet.encode(),
        f"{root}{LAUNCHER}/{ASSEMBLY}": _assembly(),
        f"{root}{LAUNCHER}/{Path(ASSEMBLY).stem}.runtimeconfig.json": _RUNTIME,
        f"{root}{MODULES}/documents": _TESTS / "lean-results" / "documents",
        **{f"{root}{MODULES}/{path.name}": path for path in modules if path != Path(__file__)},
        # Plain, for a row is found in a hundredth of the time that unpacking takes.
        **{
            f"{root}{MODULES}/{name}": gzip.decompress(path.read_bytes())
            for name, path in _LANDSCAPES.items()
        },
    }


def project(folder: Path) -> Path:
    """Make what a configuration names besides results: `Strategies.dll`, and reference `data/`."""
    for name in ("symbol-properties/symbol-properties-database.csv", "market-hours/"):
        place = folder / "data" / name
        (place if name.endswith("/") else place.parent).mkdir(parents=True, exist_ok=True)
    (folder / "data/symbol-properties/symbol-properties-database.csv").write_text("market,symbol\n")
    hours = {"entries": {}}
    (folder / "data/market-hours/market-hours-database.json").write_text(json.dumps(hours))
    (folder / "Strategies.dll").write_bytes(_assembly())
    return folder


def configuration(project: Path, results: Path, **parameters: str) -> dict[str, Any]:
    """Return a whole configuration for the Launcher, as LEAN wants it."""
    return {
        "environment": "backtesting",
        "algorithm-type-name": "EmaBands",
        "algorithm-language": "CSharp",
        "algorithm-location": str(project / "Strategies.dll"),
        "data-folder": str(project / "data"),
        "results-destination-folder": str(results),
        "object-store-root": str(results / "storage"),
        "algorithm-id": "backtest",
        "parameters": parameters,
        "close-automatically": True,
        "log-handler": "QuantConnect.Logging.CompositeLogHandler",
        "composer-dll-directory": ".",
        "data-feed-workers-count": 1,
        "map-file-provider": "QuantConnect.Data.Auxiliary.LocalDiskMapFileProvider",
        "factor-file-provider": "QuantConnect.Data.Auxiliary.LocalDiskFactorFileProvider",
        "python-venv": "",
    }


def _assembly() -> bytes:
    """Return a file that says what it is, with the version where an assembly has it."""
    major, minor, build, private = VERSION
    version = struct.pack("<IIHHHH", 0xFEEF04BD, 0x00010000, minor, major, private, build)
    return f"{_WHAT}\n".encode() + version
