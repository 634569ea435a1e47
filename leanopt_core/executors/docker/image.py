"""The image that workers run in: looked up once, fetched where the options say so."""

from __future__ import annotations

import sys
from typing import Any

from attrs import frozen

from leanopt_core.errors import ExecutorError
from leanopt_core.executors.docker.engine import Client
from leanopt_core.executors.docker.options import DockerOptions
from leanopt_core.executors.docker.trouble import absent, told


@frozen
class Image:
    """An image by its id, which stays the same whatever its name comes to mean."""

    ident: str
    platform: str


def find(client: Client, options: DockerOptions) -> Image:
    """Return the image, fetched before where `pull` says so, which is told on standard error.

    Raises ExecutorError where it is not there or cannot be fetched.
    """
    found = None if options.pull == "always" else present(client, options.image)
    if found is None and options.pull == "never":
        raise ExecutorError(
            f"there is no image '{options.image}', and executor.pull is \"never\":"
            f" `docker pull {options.image}` fetches it"
        )
    if found is None:
        _fetch(client, options.image)
        found = present(client, options.image)
    if found is None:
        raise ExecutorError(f"the image '{options.image}' was fetched and is not there")
    return found


def present(client: Client, name: str) -> Image | None:
    """Return the image of a name, None where the engine does not have it."""
    with told(f"the image '{name}' cannot be looked up"):
        try:
            said = client.inspect_image(name)
        except Exception as error:
            if absent(error):
                return None
            raise
    return Image(said["Id"], f"{said['Os']}/{said['Architecture']}")


def _fetch(client: Client, name: str) -> None:
    sys.stderr.write(f"fetching the image {name} ...\n")
    with told(f"the image '{name}' cannot be fetched"):
        for line in client.pull(name, stream=True, decode=True):
            _heed(name, line)


def _heed(name: str, line: Any) -> None:
    if isinstance(line, dict) and (fault := line.get("error")):
        raise ExecutorError(f"the image '{name}' cannot be fetched: {fault}")
