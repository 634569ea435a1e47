"""The settings of a new container as one value, rendered for the engine's API and for `docker run`.

This module does not connect to the engine. A spec denies all that it does not grant: no network,
no capability, no writing except to scratch, `/tmp` and `/dev/shm`. Both renderings add the same
restrictions, which `tests/docker/test_hardening.py` checks.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from attrs import field, frozen

from leanopt_core.executors.command import fill_placeholders, variables
from leanopt_core.executors.docker.session import DockerSession, WorkerUser
from leanopt_core.executors.docker.settings import (
    Device,
    DockerOptions,
    parse_device,
    parse_mount,
)
from leanopt_core.work import Launch, Mount

ROOT = "/leanopt"
SCRATCH = f"{ROOT}/scratch"
PYTHON = "python3"

# Where the machine runs out of memory, workers go before anything else of the caller's.
_EXPENDABLE = 500


@frozen
class ContainerSpec:
    """All that one container is created with.

    The `mounts` are named by their paths inside, the values of `tmpfs` are mount options. `memory`
    is in bytes, None for no limit. `host_users` keeps an engine from giving users other numbers.
    """

    image: str
    command: tuple[str, ...]
    user: WorkerUser
    environment: Mapping[str, str]
    mounts: tuple[Mount, ...]
    tmpfs: Mapping[str, str]
    devices: tuple[Device, ...]
    cpus: float
    pids_limit: int
    memory: int | None
    host_users: bool = False
    network: bool = False
    stdin: bool = True
    labels: Mapping[str, str] = field(factory=dict)


def paths_inside(mounts: Sequence[Mount]) -> dict[str, str]:
    """Return the values of `{data}` and the other placeholders inside a container."""
    return {
        "python": PYTHON,
        "scratch": SCRATCH,
        **{mount.name: f"{ROOT}/{mount.name}" for mount in mounts},
    }


def container_spec(
    session: DockerSession,
    launch: Launch,
    *,
    labels: Mapping[str, str] | None = None,
    scratch: Path | None = None,
    memory: int | None = None,
    network: bool = False,
    stdin: bool = True,
) -> ContainerSpec:
    """Return the spec of a container that runs `launch`.

    `scratch` is its folder of this machine, None for memory inside. `memory` is in bytes, None for
    the engine's default.
    """
    options, inside = session.options, paths_inside(launch.mounts)
    return ContainerSpec(
        image=session.image.ident,
        command=tuple(fill_placeholders(inside, part) for part in launch.command),
        user=session.user,
        environment=_environment(options, launch, inside),
        mounts=tuple(_mounts(session, launch, scratch)),
        tmpfs=dict(_tmpfs(session, in_memory=scratch is None)),
        devices=tuple(map(parse_device, options.devices)),
        cpus=min(options.cpus, session.engine.processors),
        pids_limit=options.pids_limit,
        memory=memory or session.engine.worker_memory(launch),
        # With other numbers outside, the files of workers would not be the caller's.
        host_users=session.engine.remapped,
        network=network,
        stdin=stdin,
        labels=labels or {},
    )


def _environment(
    options: DockerOptions, launch: Launch, inside: Mapping[str, str]
) -> dict[str, str]:
    own = {name: fill_placeholders(inside, text) for name, text in launch.environment.items()}
    # Programs want to write to their home, and the root file system is read-only.
    home = {"HOME": "/tmp"}  # noqa: S108 - inside, a tmpfs of the worker's own
    return {**variables(options.threads), **home, **own, **options.environment}


def _mounts(session: DockerSession, launch: Launch, scratch: Path | None) -> Iterator[Mount]:
    """Yield every folder of this machine that the container sees."""
    for mount in launch.mounts:
        source = mount.source.resolve()
        yield Mount(f"{ROOT}/{mount.name}", source, writable=mount.writable)
    if scratch is not None:
        yield Mount(SCRATCH, scratch.resolve(), writable=True)
    for text in session.options.mounts:
        extra = parse_mount(text, session.project)
        yield Mount(extra.name, extra.source.resolve(), writable=extra.writable)


def _tmpfs(session: DockerSession, *, in_memory: bool) -> Iterator[tuple[str, str]]:
    options, user = session.options, session.user
    yield "/tmp", f"rw,nosuid,nodev,exec,mode=1777,size={options.tmp_size}"  # noqa: S108
    if in_memory:
        whose = f"uid={user.uid},gid={user.gid},mode=0700"
        yield SCRATCH, f"rw,nosuid,nodev,exec,{whose},size={options.scratch_size}"


def api_body(spec: ContainerSpec) -> dict[str, Any]:
    """Return the container's whole configuration, as the engine's API takes it."""
    return {
        "Image": spec.image,
        # These replace the image's own entry point and command.
        "Entrypoint": list(spec.command),
        "Cmd": None,
        "Env": [f"{name}={text}" for name, text in spec.environment.items()],
        "User": f"{spec.user.uid}:{spec.user.gid}",
        "WorkingDir": SCRATCH,
        "Hostname": "leanopt",
        "Healthcheck": {"Test": ["NONE"]},
        "Labels": dict(spec.labels),
        "Tty": False,
        # Once: when leanopt is gone, also by `kill -9`, the harness's input ends.
        "OpenStdin": spec.stdin,
        "StdinOnce": spec.stdin,
        "AttachStdin": spec.stdin,
        "AttachStdout": True,
        "AttachStderr": True,
        "HostConfig": _host_config(spec),
    }


def _host_config(spec: ContainerSpec) -> dict[str, Any]:
    # No swapping: a worker beyond its limit has to end, not to crawl.
    memory = {} if spec.memory is None else {"Memory": spec.memory, "MemorySwap": spec.memory}
    return {
        "NetworkMode": "default" if spec.network else "none",
        "GroupAdd": [str(group) for group in spec.user.groups],
        "CapDrop": ["ALL"],
        "SecurityOpt": ["no-new-privileges"],
        "Privileged": False,
        "ReadonlyRootfs": True,
        "IpcMode": "private",
        "UsernsMode": "host" if spec.host_users else "",
        # The init process keeps the outputs open. A harness that closes its own and runs on is
        # then noticed at its time limit, whichever of the two it closes.
        "Init": True,
        "Mounts": [_bind(mount) for mount in spec.mounts],
        "Tmpfs": dict(spec.tmpfs),
        "NanoCpus": round(spec.cpus * 10**9),
        "PidsLimit": spec.pids_limit,
        **memory,
        "OomScoreAdj": _EXPENDABLE,
        "Ulimits": [{"Name": "core", "Soft": 0, "Hard": 0}],
        "Devices": [
            {
                "PathOnHost": device.path,
                "PathInContainer": device.inside,
                "CgroupPermissions": device.rights,
            }
            for device in spec.devices
        ],
        # Standard output is the protocol: the engine must not keep it as a log.
        "LogConfig": {"Type": "none", "Config": {}},
        "RestartPolicy": {"Name": "no"},
        "AutoRemove": False,
    }


def _bind(mount: Mount) -> dict[str, Any]:
    # The engine refuses such a mount where its source is absent; as a volume it would make it.
    return {
        "Type": "bind",
        "Source": str(mount.source),
        "Target": mount.name,
        "ReadOnly": not mount.writable,
    }


def docker_run(spec: ContainerSpec) -> tuple[str, ...]:
    """Return the `docker run` command for the same container; it is removed at its end."""
    program, *arguments = spec.command
    return (
        *("docker", "run", "--rm", "--interactive", "--init", "--read-only"),
        *_flags(spec),
        f"--entrypoint={program}",
        spec.image,
        *arguments,
    )


def _flags(spec: ContainerSpec) -> Iterator[str]:
    yield f"--user={spec.user.uid}:{spec.user.gid}"
    yield f"--workdir={SCRATCH}"
    yield from (f"--env={name}={text}" for name, text in spec.environment.items())
    yield f"--network={'default' if spec.network else 'none'}"
    yield from (f"--group-add={group}" for group in spec.user.groups)
    yield "--cap-drop=ALL"
    yield "--security-opt=no-new-privileges"
    yield f"--cpus={spec.cpus:g}"
    yield f"--pids-limit={spec.pids_limit}"
    yield "--ulimit=core=0"
    if spec.memory is not None:
        yield f"--memory={spec.memory}"
        yield f"--memory-swap={spec.memory}"
    if spec.host_users:
        yield "--userns=host"
    yield from (f"--tmpfs={path}:{options}" for path, options in spec.tmpfs.items())
    yield from (f"--mount={_mount_flag(mount)}" for mount in spec.mounts)
    yield from (f"--device={one.path}:{one.inside}:{one.rights}" for one in spec.devices)


def _mount_flag(mount: Mount) -> str:
    """Return a mount as a line of CSV, which is how `docker` reads it."""
    columns = ["type=bind", f"source={mount.source}", f"target={mount.name}"]
    columns += [] if mount.writable else ["readonly"]
    line = io.StringIO()
    csv.writer(line, lineterminator="").writerow(columns)
    return line.getvalue()
