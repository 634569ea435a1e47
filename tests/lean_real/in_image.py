"""What an image of LEAN has beside an interpreter: .NET with its SDK, LEAN, pandas, libraries."""

from __future__ import annotations

import re
import shutil
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from tests.standin import LAUNCHER

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "docker"))

from image import Content, image, libraries

__all__ = ["image", "lean", "python"]

#: Parts of the SDK that compile other languages or are tools.
LEFT_OUT = ("FSharp", "DotnetTools", "TestHostNetFramework")
#: What LEAN imports of Python beside the standard library.
PACKAGES = ("pandas", "numpy", "dateutil", "pytz", "six.py")
_DOTNET = "/usr/share/dotnet"
_ZONES = Path("/usr/share/zoneinfo")
_SYSTEM = Path("/usr/lib/x86_64-linux-gnu")
#: What .NET loads by name when it runs: cultures and cryptography.
_BY_NAME = ("libicuuc.so.*", "libicui18n.so.*", "libicudata.so.*", "libssl.so.*", "libcrypto.so.*")
_VERSION = re.compile(r"python\d+\.\d+")


def lean(folder: Path) -> dict[str, Content]:
    """Return .NET and the LEAN in a folder, placed as in LEAN's own image."""
    dotnet = Path(shutil.which("dotnet") or "dotnet").resolve()
    parts = dict(_parts(dotnet.parent))
    by_name = {path for pattern in _BY_NAME for path in _SYSTEM.glob(pattern)}
    return {
        LAUNCHER: folder,
        "usr/bin/dotnet": f"{_DOTNET}/dotnet",
        f"{_DOTNET}/dotnet": dotnet,
        **{f"{_DOTNET}/{name}": part for name, part in parts.items()},
        **_shared({dotnet, *_native(parts.values())}, by_name),
    }


def python(library: Path) -> dict[str, Content]:
    """Return the Python that LEAN loads from a shared library of this machine, with pandas."""
    version = _VERSION.search(library.name)
    assert version is not None
    standard = library.parents[1] / version[0]
    packages = [standard.with_name("python3") / "dist-packages" / name for name in PACKAGES]
    folders = (standard, *packages, _ZONES)
    return {
        str(library): library.resolve(),
        **{str(part): part for part in folders},
        **_shared({library, *_native(folders)}),
    }


def _parts(dotnet: Path) -> Iterator[tuple[str, Path]]:
    """Yield what compiles and runs LEAN's projects, by its path in .NET's folder."""
    for name in ("host", "packs", "shared/Microsoft.NETCore.App"):
        yield name, dotnet / name
    for part in dotnet.glob("sdk/*/*"):
        if part.name not in LEFT_OUT:
            yield str(part.relative_to(dotnet)), part


def _native(folders: Iterable[Path]) -> set[Path]:
    return {path for folder in folders for path in folder.rglob("*.so")}


def _shared(programs: set[Path], more: Iterable[Path] = ()) -> dict[str, Content]:
    """Return the libraries that programs load, and more of them, where the loader looks."""
    return {f"lib/{path.name}": path.resolve() for path in (*libraries(programs), *more)}
