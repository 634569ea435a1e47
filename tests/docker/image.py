"""An image of the interpreter that runs the tests and nothing else, made without any network.

Others put more into it: `image(client, {"/Lean/Launcher": folder})`.
"""

from __future__ import annotations

import hashlib
import io
import re
import subprocess
import sys
import sysconfig
import tarfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, Any, NamedTuple

REPOSITORY = "leanopt-test"


class Program(NamedTuple):
    """A file of this machine that has other rights in the image."""

    source: Path
    mode: int


Content = Path | Program | bytes | str

_PREFIX = "usr/local"
_PASSWD = b"root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/nonexistent:/bin/false\n"
_LEFT_OUT = re.compile(
    r"(test|tests|idlelib|tkinter|turtledemo|ensurepip|lib2to3|site-packages|dist-packages"
    r"|config-.*|.*\.opt-[12]\.pyc)$"
)


def image(client: Any, extra: Mapping[str, Content] | None = None) -> str:
    """Return the tag of an image with the interpreter and `extra`; made unless it is there.

    `extra` maps paths in the image to files or folders to copy, contents, or targets of symbolic
    links. `client` is a `docker.APIClient`.
    """
    return imported(client, {**_interpreter(), **(extra or {})})


def imported(client: Any, content: Mapping[str, Content], changes: Sequence[str] = ()) -> str:
    """Return the tag of an image of this content alone; `changes` are as in a Dockerfile."""
    with TemporaryFile() as archive:
        _write(archive, content)
        archive.seek(0)
        known = hashlib.file_digest(archive, "sha256")
        known.update("".join(changes).encode())
        tag = known.hexdigest()[:16]
        archive.seek(0)
        if not client.images(f"{REPOSITORY}:{tag}", quiet=True):
            client.import_image_from_data(
                archive, repository=REPOSITORY, tag=tag, changes=list(changes)
            )
    return f"{REPOSITORY}:{tag}"


def libraries(programs: Iterable[Path]) -> set[Path]:
    """Return every shared library that these programs and libraries load."""
    return {Path(one) for path in programs for one in re.findall(r"=> (/\S+)", _ldd(path))}


def _interpreter() -> dict[str, Content]:
    library = Path(sysconfig.get_path("stdlib"))
    program = Path(sys.executable).resolve()
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    return {
        **{str(loader): loader.resolve() for loader in _loaders(program)},
        **{f"lib/{path.name}": path.resolve() for path in _loaded(program, library)},
        f"{_PREFIX}/bin/python3": program,
        f"{_PREFIX}/lib/{version}": library,
        "etc/passwd": _PASSWD,
        "etc/group": b"root:x:0:\nnogroup:x:65534:\n",
    }


def _ldd(path: Path) -> str:
    return subprocess.run(["ldd", path], capture_output=True, text=True, check=False).stdout


def _loaders(program: Path) -> list[Path]:
    return [Path(found) for found in re.findall(r"^\s+(/\S*/ld-\S+)", _ldd(program), re.MULTILINE)]


def _loaded(program: Path, library: Path) -> set[Path]:
    """Return every shared library that the interpreter and its modules load."""
    found = libraries([program, *sorted((library / "lib-dynload").glob("*.so"))])
    unwanted = re.compile(r"tcl|tk|X11|xcb")
    return {path for path in found if not unwanted.search(path.name)}


def _write(archive: IO[bytes], content: Mapping[str, Content]) -> None:
    """Write a tar archive, the same bytes for the same content."""
    with tarfile.open(fileobj=archive, mode="w") as tar:
        for name in ("tmp", "proc", "dev", "sys", "leanopt"):
            tar.addfile(_plain(name, tarfile.DIRTYPE, 0o1777 if name == "tmp" else 0o755))
        for name, what in sorted(content.items()):
            for member, data in _members(name.strip("/"), what):
                tar.addfile(member, io.BytesIO(data))


def _members(name: str, what: Content) -> Iterator[tuple[tarfile.TarInfo, bytes]]:
    if isinstance(what, str):
        link = _plain(name, tarfile.SYMTYPE, 0o777)
        link.linkname = what
        yield link, b""
    elif isinstance(what, Program):
        data = what.source.read_bytes()
        yield _file(name, data, what.mode, 0), data
    elif isinstance(what, bytes):
        yield _file(name, what, 0o755, 0), what
    elif what.is_dir():
        for path in sorted(what.iterdir()):
            if not _LEFT_OUT.match(path.name):
                yield from _members(f"{name}/{path.name}", path)
    elif what.is_file():
        data, status = what.read_bytes(), what.stat()
        yield _file(name, data, 0o755 if status.st_mode & 0o111 else 0o644, status.st_mtime), data


def _file(name: str, data: bytes, mode: int, mtime: float) -> tarfile.TarInfo:
    member = _plain(name, tarfile.REGTYPE, mode)
    member.size = len(data)
    member.mtime = int(mtime)  # compiled modules hold their sources' times
    return member


def _plain(name: str, kind: bytes, mode: int) -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.type, member.mode = kind, mode
    return member
