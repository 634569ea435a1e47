"""What a container may do: everything that is asked of the engine, in its own words.

Nothing here talks to the engine. What is not named is refused: no network, no capability, no
writing but to scratch, `/tmp` and `/dev/shm`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from attrs import field, frozen

from leanopt_core.executors.command import fill_placeholders, variables
from leanopt_core.executors.docker.options import DockerOptions, extra_mount
from leanopt_core.executors.docker.person import Person
from leanopt_core.work import Launch, Mount

ROOT = "/leanopt"
SCRATCH = f"{ROOT}/scratch"
PYTHON = "python3"

# Where the machine runs out of memory, workers go before anything else of the caller's.
_EXPENDABLE = 500


@frozen
class Site:
    """What all containers of an executor have in common."""

    image: str
    person: Person
    options: DockerOptions
    project: Path
    processors: int = 1
    remapped: bool = False


@frozen
class Tenant:
    """What one container runs; `scratch` is its folder of this machine, None for a tmpfs.

    `listening` says that it gets an input. `memory` is in bytes, None for no limit.
    """

    launch: Launch
    labels: Mapping[str, str] = field(factory=dict)
    scratch: Path | None = None
    memory: int | None = None
    network: bool = False
    listening: bool = True


def places(mounts: Sequence[Mount]) -> dict[str, str]:
    """Return what stands for `{data}` and the like inside."""
    inside = {mount.name: f"{ROOT}/{mount.name}" for mount in mounts}
    return {"python": PYTHON, "scratch": SCRATCH, **inside}


def body(site: Site, tenant: Tenant) -> dict[str, Any]:
    """Return the container's whole configuration, as the engine's API takes it."""
    launch, inside = tenant.launch, places(tenant.launch.mounts)
    own = {name: fill_placeholders(inside, text) for name, text in launch.environment.items()}
    environment = {
        **variables(site.options.threads),
        "HOME": "/tmp",  # noqa: S108 - inside, a tmpfs of the worker's own
        **own,
        **site.options.environment,
    }
    return {
        "Image": site.image,
        # The image's own entry point and command count for nothing.
        "Entrypoint": [fill_placeholders(inside, part) for part in launch.command],
        "Cmd": None,
        "Env": [f"{name}={text}" for name, text in environment.items()],
        "User": f"{site.person.uid}:{site.person.gid}",
        "WorkingDir": SCRATCH,
        "Hostname": "leanopt",
        "Healthcheck": {"Test": ["NONE"]},
        "Labels": dict(tenant.labels),
        "Tty": False,
        # Once: when leanopt is gone, also by `kill -9`, the harness's input ends.
        "OpenStdin": tenant.listening,
        "StdinOnce": tenant.listening,
        "AttachStdin": tenant.listening,
        "AttachStdout": True,
        "AttachStderr": True,
        "HostConfig": _host(site, tenant),
    }


def _host(site: Site, tenant: Tenant) -> dict[str, Any]:
    options = site.options
    return {
        "NetworkMode": "default" if tenant.network else "none",
        "GroupAdd": [str(group) for group in site.person.groups],
        "CapDrop": ["ALL"],
        "SecurityOpt": ["no-new-privileges"],
        "Privileged": False,
        "ReadonlyRootfs": True,
        "IpcMode": "private",
        # Where the engine gives users other numbers, files would not be the caller's.
        "UsernsMode": "host" if site.remapped else "",
        # It keeps the outputs open: a harness that closes its own and lives on hangs, to those who
        # listen, until its time limit. Without it that would be so while either is open.
        "Init": True,
        "Mounts": list(mounts(site, tenant)),
        "Tmpfs": dict(_tmpfs(site, tenant)),
        "NanoCpus": round(min(options.cpus, site.processors) * 10**9),
        "PidsLimit": options.pids_limit,
        **_memory(tenant.memory),
        "OomScoreAdj": _EXPENDABLE,
        "Ulimits": [{"Name": "core", "Soft": 0, "Hard": 0}],
        "Devices": [_device(text) for text in options.devices],
        # Standard output is the protocol: it is not for the engine to keep.
        "LogConfig": {"Type": "none", "Config": {}},
        "RestartPolicy": {"Name": "no"},
        "AutoRemove": False,
    }


def mounts(site: Site, tenant: Tenant) -> Iterator[dict[str, Any]]:
    """Yield every folder of this machine that the container sees."""
    for mount in tenant.launch.mounts:
        yield _bind(mount.source.absolute(), f"{ROOT}/{mount.name}", writable=mount.writable)
    if tenant.scratch is not None:
        yield _bind(tenant.scratch, SCRATCH, writable=True)
    for text in site.options.mounts:
        extra = extra_mount(text, site.project)
        yield _bind(extra.source, extra.name, writable=extra.writable)


def _bind(source: Path, target: str, *, writable: bool) -> dict[str, Any]:
    # A mount of this kind, unlike a volume, is refused where its source is not there.
    return {
        "Type": "bind",
        "Source": str(source.resolve()),
        "Target": target,
        "ReadOnly": not writable,
    }


def _tmpfs(site: Site, tenant: Tenant) -> Iterator[tuple[str, str]]:
    yield "/tmp", f"rw,nosuid,nodev,exec,mode=1777,size={site.options.tmp_size}"  # noqa: S108
    if tenant.scratch is None:
        whose = f"uid={site.person.uid},gid={site.person.gid},mode=0700"
        yield SCRATCH, f"rw,nosuid,nodev,exec,{whose},size={site.options.scratch_size}"


def _memory(limit: int | None) -> dict[str, int]:
    # No swapping: a worker beyond its limit is to end, not to crawl.
    return {} if limit is None else {"Memory": limit, "MemorySwap": limit}


def _device(text: str) -> dict[str, str]:
    device, _, rest = text.partition(":")
    place, _, rights = rest.partition(":")
    return {
        "PathOnHost": device,
        "PathInContainer": place or device,
        "CgroupPermissions": rights or "rwm",
    }
