"""An image laid out as LEAN's own: Debian, .NET with its SDK, Python with pandas, LEAN.

Python is below `/opt/miniconda3`, as there, but is Debian's, and has pandas and numpy alone of
what LEAN's image ships. All files are root's.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.standin import LAUNCHER

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "docker"))

from image import Content, imported, libraries

__all__ = ["image"]

#: The shared library of Python that LEAN loads.
_LIBPYTHON = "/opt/miniconda3/lib/libpython3.11.so"

#: What is installed, each with all that it depends on; .NET loads some of the libraries by name.
_PACKAGES = (
    *("base-files", "bash", "coreutils", "dash", "grep", "sed", "ca-certificates", "tzdata"),
    *("libicu72", "libssl3", "zlib1g", "libpython3.11", "python3-pandas"),
)
_LEFT_OUT = re.compile(r"/usr/share/(doc|man|locale|lintian|bug|bash-completion|pixmaps)/")
_CONDA = "/opt/miniconda3"
#: Where LEAN's image has what is elsewhere in Debian.
_MOVED = (
    ("/usr/bin/python3", f"{_CONDA}/bin/python3"),
    ("/usr/lib/python3", f"{_CONDA}/lib/python3"),
    ("/usr/lib/x86_64-linux-gnu/libpython3.11.so.1.0", _LIBPYTHON),
)
_DOTNET = "/usr/lib/dotnet"
#: Parts of the SDK that compile other languages or are tools.
_PARTS_LEFT_OUT = ("FSharp", "DotnetTools", "TestHostNetFramework")
#: What runs of LEAN on this machine have left in its folder.
_RUNS = ("cache", "storage")
_REFERENCE = ("market-hours", "symbol-properties")
_CHANGES = (
    f"ENV PATH={_CONDA}/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    f"ENV PYTHONNET_PYDLL={_LIBPYTHON}",
    f"WORKDIR {LAUNCHER}",
    'ENTRYPOINT ["dotnet", "QuantConnect.Lean.Launcher.dll"]',
)


def image(client: Any, lean: Path, data: Path) -> str:
    """Return the tag of the image with the LEAN in a folder; made unless it is there.

    `client` is a `docker.APIClient`, `data` LEAN's data folder.
    """
    content: dict[str, Content] = {
        **_debian(),
        **{name: f"usr/{name}" for name in ("bin", "sbin", "lib", "lib64")},
        **_dotnet(),
        **{f"{LAUNCHER}/{path.name}": path for path in lean.iterdir() if path.name not in _RUNS},
        **{f"/Lean/Data/{name}": data / name for name in _REFERENCE},
        "/etc/passwd": b"root:x:0:0:root:/root:/bin/bash\n",
        "/etc/group": b"root:x:0:\n",
    }
    return imported(client, content, _CHANGES)


def _debian() -> dict[str, Content]:
    """Return the files of Debian's packages, as this machine has them installed."""
    listed = _output("dpkg-query", "--listfiles", *_installed())
    files = [_real(Path(line)) for line in listed.splitlines() if line.startswith("/")]
    plain = [path for path in files if not _LEFT_OUT.match(str(path)) and not path.is_dir()]
    native = {path for path in plain if path.match("numpy/linalg/*.so")}
    return {
        **{_place(path): _content(path) for path in plain if path.exists()},
        # Which library this is, only a link of Debian's alternatives says.
        **{str(_real(path)): path.resolve() for path in libraries(native)},
    }


def _content(path: Path) -> Content:
    """Return a link as it is, where it leads to a file beside it."""
    target = str(path.readlink()) if path.is_symlink() else ""
    return target if target and "/" not in target else path.resolve()


def _installed() -> list[str]:
    """Return the packages with all that they depend on, of alternatives what is installed."""
    form = "${binary:Package}\t${Pre-Depends}, ${Depends}\n"
    rows = [line.split("\t") for line in _output("dpkg-query", "-W", "-f", form).splitlines()]
    depends = {name.partition(":")[0]: re.findall(r"[a-z0-9][a-z0-9.+-]+", on) for name, on in rows}
    found, waiting = set[str](), set(_PACKAGES)
    while waiting:
        found |= waiting
        waiting = {one for name in waiting for one in depends[name] if one in depends} - found
    return sorted(found)


def _output(*command: str) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def _real(path: Path) -> Path:
    """Return a path without links above it: /bin is one, and so is /lib."""
    return path.parent.resolve() / path.name


def _place(path: Path) -> str:
    for here, there in _MOVED:
        if str(path).startswith(here):
            return str(path).replace(here, there, 1)
    return str(path)


def _dotnet() -> dict[str, Content]:
    dotnet = Path(shutil.which("dotnet") or "dotnet").resolve()
    return {
        "/usr/bin/dotnet": f"{_DOTNET}/dotnet",
        f"{_DOTNET}/dotnet": dotnet,
        **{f"{_DOTNET}/{name}": part for name, part in _parts(dotnet.parent)},
    }


def _parts(dotnet: Path) -> Iterator[tuple[str, Path]]:
    """Yield what compiles and runs LEAN's projects, by its path in .NET's folder."""
    for name in ("host", "packs", "shared/Microsoft.NETCore.App"):
        yield name, dotnet / name
    for part in dotnet.glob("sdk/*/*"):
        if part.name not in _PARTS_LEFT_OUT:
            yield str(part.relative_to(dotnet)), part
