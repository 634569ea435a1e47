"""The `docker run` command that makes the container that a configuration describes."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping
from typing import Any


def command_line(body: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the command, as a person would type it; the container is removed at its end.

    The image is there by its id: a name may come to mean another.
    """
    program, *arguments = body["Entrypoint"]
    return (
        *("docker", "run", "--rm", "--interactive", "--init", "--read-only"),
        *_flags(body),
        *_host_flags(body["HostConfig"]),
        f"--entrypoint={program}",
        body["Image"],
        *arguments,
    )


def _flags(body: Mapping[str, Any]) -> Iterator[str]:
    yield f"--user={body['User']}"
    yield f"--workdir={body['WorkingDir']}"
    for text in body["Env"]:
        yield f"--env={text}"


def _host_flags(host: Mapping[str, Any]) -> Iterator[str]:
    yield f"--network={host['NetworkMode']}"
    yield from (f"--group-add={group}" for group in host["GroupAdd"])
    yield from (f"--cap-drop={name}" for name in host["CapDrop"])
    yield from (f"--security-opt={text}" for text in host["SecurityOpt"])
    yield f"--cpus={host['NanoCpus'] / 10**9:g}"
    yield f"--pids-limit={host['PidsLimit']}"
    if "Memory" in host:
        yield f"--memory={host['Memory']}"
    if host["UsernsMode"]:
        yield f"--userns={host['UsernsMode']}"
    yield from (f"--tmpfs={place}:{how}" for place, how in host["Tmpfs"].items())
    yield from (f"--mount={_bind(mount)}" for mount in host["Mounts"])
    for device in host["Devices"]:
        yield "--device={PathOnHost}:{PathInContainer}:{CgroupPermissions}".format(**device)


def _bind(mount: Mapping[str, Any]) -> str:
    """Return a mount as a line of CSV, which `docker` reads it as."""
    fields = ["type=bind", f"source={mount['Source']}", f"target={mount['Target']}"]
    fields += ["readonly"] if mount["ReadOnly"] else []
    line = io.StringIO()
    csv.writer(line, lineterminator="").writerow(fields)
    return line.getvalue()
