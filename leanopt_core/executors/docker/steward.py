"""The small program that keeps the files of a scratch folder inside a container.

    python3 -I -S -c SOURCE FOLDER

It takes lines of JSON, `{"do": ..., "name": ..., "most": ..., "size": ...}`, each followed by
`size` bytes, and answers likewise: `{"size": ...}` and the bytes, or `{"error": "absent" | "full" |
..., "size": 0}`. No name leads out of FOLDER, no answer has more than `most` bytes. Standard
library only, Python 3.8 or newer: it runs in the image.
"""

from __future__ import annotations

# ruff: noqa: PTH103, PTH108, PTH118, PTH120, PTH123 - it starts with each container: `os` is enough
import errno
import json
import os
import shutil
import stat
import sys


def put(path: str, content: bytes, _: int) -> bytes:
    """Write a file, in place of one that may be there."""
    os.makedirs(os.path.dirname(path), exist_ok=True)
    if os.path.lexists(path):
        os.unlink(path)
    with open(path, "wb") as file:
        file.write(content)
    return b""


def get(path: str, _: bytes, most: int) -> bytes:
    """Return what a plain file holds; where nothing more could be written, it may be cut short."""
    if os.statvfs(os.path.dirname(path)).f_bavail == 0:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    with os.fdopen(descriptor, "rb") as file:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise OSError("it is no plain file")
        # One with holes may claim to be larger than any memory.
        if os.fstat(descriptor).st_size > most:
            raise OSError("it is larger than the scratch")
        return file.read(most)


def names(path: str, _: bytes, most: int) -> bytes:
    """Return the plain files below a folder, as JSON."""
    found = [os.path.join(here, one) for here, _, files in os.walk(path) for one in files]
    plain = [one for one in found if stat.S_ISREG(os.lstat(one).st_mode)]
    listed = json.dumps(sorted(os.path.relpath(one, path) for one in plain)).encode()
    if len(listed) > most:
        raise OSError("it has more files than can be listed")
    return listed


def clear(path: str, _: bytes, __: int) -> bytes:
    """Remove a folder with all in it."""
    shutil.rmtree(path, ignore_errors=True)
    return b""


def told(trouble: OSError) -> str:
    """Return an error in a word, or the system's words."""
    if trouble.errno == errno.ENOSPC:
        return "full"
    absent = isinstance(trouble, FileNotFoundError)
    return "absent" if absent else trouble.strerror or str(trouble)


def inside(root: str, name: str) -> str:
    """Return the path of a name, which no link on the way may lead elsewhere."""
    path = os.path.join(root, name)
    if not (os.path.realpath(os.path.dirname(path)) + "/").startswith(root + "/"):
        raise OSError("it lies elsewhere")
    return path


def serve(root: str) -> None:
    """Answer until the end of input."""
    work = {"put": put, "get": get, "names": names, "clear": clear}
    root = os.path.realpath(root)
    for line in iter(sys.stdin.buffer.readline, b""):
        asked = json.loads(line)
        content = sys.stdin.buffer.read(asked["size"])
        try:
            path = inside(root, asked["name"])
            data, error = work[asked["do"]](path, content, asked["most"]), None
        except OSError as trouble:
            data, error = b"", told(trouble)
        head = {"size": len(data), "error": error}
        sys.stdout.buffer.write(json.dumps(head).encode() + b"\n" + data)
        sys.stdout.buffer.flush()


if __name__ == "__main__":
    serve(sys.argv[1])
