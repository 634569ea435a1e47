"""The agent that reads and writes a scratch folder in memory, from inside its container.

    python3 -I -S -c SOURCE FOLDER

It reads requests from standard input: a line of JSON (`do`, `name`, `size`, `limit`), then `size`
bytes of content. It answers each with a line of JSON (`size`, `error`), then `size` bytes. It ends
with its input. Standard library only, Python 3.8 or newer: it runs in the image.
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
    """Write a file, in place of one that is there."""
    os.makedirs(os.path.dirname(path), exist_ok=True)
    if os.path.lexists(path):
        os.unlink(path)
    with open(path, "wb") as file:
        file.write(content)
    return b""


def get(path: str, _: bytes, limit: int) -> bytes:
    """Return the content of a plain file."""
    # In a full folder the strategy's last write may have been cut short: nobody could tell.
    if os.statvfs(os.path.dirname(path)).f_bavail == 0:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    with os.fdopen(descriptor, "rb") as file:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise OSError("it is no plain file")
        # A sparse file can be larger than all memory.
        if os.fstat(descriptor).st_size > limit:
            raise OSError("it is larger than the scratch")
        return file.read(limit)


def names(path: str, _: bytes, limit: int) -> bytes:
    """Return the plain files below a folder, as JSON."""
    found = [os.path.join(here, one) for here, _, files in os.walk(path) for one in files]
    plain = [one for one in found if stat.S_ISREG(os.lstat(one).st_mode)]
    listed = json.dumps(sorted(os.path.relpath(one, path) for one in plain)).encode()
    if len(listed) > limit:
        raise OSError("it has more files than can be listed")
    return listed


def clear(path: str, _: bytes, __: int) -> bytes:
    """Remove a folder with all in it."""
    shutil.rmtree(path, ignore_errors=True)
    return b""


def describe(error: OSError) -> str:
    """Return `full` or `absent`, else the system's words."""
    if error.errno == errno.ENOSPC:
        return "full"
    return "absent" if isinstance(error, FileNotFoundError) else error.strerror or str(error)


def inside(root: str, name: str) -> str:
    """Return the path of a name; raises OSError where a link leads out of the folder."""
    path = os.path.join(root, name)
    if not (os.path.realpath(os.path.dirname(path)) + "/").startswith(root + "/"):
        raise OSError("it is elsewhere")
    return path


def serve(root: str) -> None:
    """Answer requests until the end of input."""
    work = {"put": put, "get": get, "names": names, "clear": clear}
    root = os.path.realpath(root)
    for line in iter(sys.stdin.buffer.readline, b""):
        asked = json.loads(line)
        content = sys.stdin.buffer.read(asked["size"])
        try:
            path = inside(root, asked["name"])
            data, error = work[asked["do"]](path, content, asked["limit"]), None
        except OSError as failure:
            data, error = b"", describe(failure)
        head = {"size": len(data), "error": error}
        sys.stdout.buffer.write(json.dumps(head).encode() + b"\n" + data)
        sys.stdout.buffer.flush()


if __name__ == "__main__":
    serve(sys.argv[1])
