"""The folder of one request, below its worker's scratch folder."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import BinaryIO

from attrs import frozen

from leanopt_core.errors import ExecutorError
from leanopt_core.executors.base import Channel
from leanopt_core.work import REQUEST


@frozen
class Folder:
    """`Files` of a request; holds its worker's channel, so that they outlive the worker.

    `removed` is called after `remove`, in its thread.
    """

    channel: Channel
    name: str
    removed: Callable[[], None]

    def fill(self, text: str) -> str:
        """Return `text` with `{request}` and the worker's places filled in."""
        return self.channel.fill(text.replace(REQUEST, f"{{scratch}}/{self.name}"))

    def put(self, name: str, text: str) -> None:
        """Write a file; raises ExecutorError where it cannot be written."""
        self.channel.put(f"{self.name}/{name}", text.encode())

    def names(self) -> Sequence[str]:
        """Return every plain file's name from the folder, sorted."""
        return self.channel.names(self.name)

    def open(self, name: str) -> BinaryIO:
        """Open a file to read."""
        return self.channel.open(f"{self.name}/{name}")

    def remove(self) -> None:
        """Remove the folder with all in it; where that is not possible, it goes with the worker."""
        with suppress(ExecutorError):
            self.channel.remove(self.name)
        self.removed()
