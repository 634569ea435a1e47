"""What of a worker's surroundings, beside the image, may decide its results."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from attrs import define

from leanopt_core.canonical import canonical_json
from leanopt_core.content import hash_data, hash_file
from leanopt_core.errors import ExecutorError
from leanopt_core.executors.docker.options import DockerOptions, extra_mount

# Of each folder so much is read, in bytes: a model, a table, but no archive of prices.
_READ = 256 * 2**20


def deciding(options: DockerOptions, project: Path) -> dict[str, str]:
    """Return as texts what the options give workers: variables, devices, folders with contents.

    What workers may write to changes with every backtest, and is known by its name alone. Raises
    ExecutorError where a folder cannot be read.
    """
    return dict(_parts(options, project))


def _parts(options: DockerOptions, project: Path) -> Iterator[tuple[str, str]]:
    if options.environment:
        yield "environment", canonical_json(dict(options.environment))
    if options.devices:
        yield "devices", canonical_json(list(options.devices))
    for text in options.mounts:
        mount = extra_mount(text, project)
        yield f"mount {text}", "writable" if mount.writable else _content(mount.source)


def _content(path: Path) -> str:
    try:
        return hash_data(path, _Reader().known)
    except OSError as error:
        raise ExecutorError(f"executor.mounts: {path} cannot be read: {error.strerror}") from None


@define
class _Reader:
    """Knows the first files of a folder by what they hold, large and later ones by their status."""

    _left: int = _READ

    def known(self, file: Path) -> str:
        status = file.stat()
        if not status.st_size:
            return "empty"  # or a kernel's: those may have no end
        if status.st_size > self._left:
            return f"{status.st_size} bytes of {status.st_mtime_ns}"
        self._left -= status.st_size
        return hash_file(file)
