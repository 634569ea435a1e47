"""Which containers are removed as orphans: those of dead leanopts, and no others."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from secrets import token_hex

import pytest
from attrs import evolve

from leanopt_core.executors.docker.engine import Engine
from leanopt_core.executors.docker.orphans import (
    container_name,
    find_orphans,
    labels,
    remove_orphans,
)
from leanopt_core.owners import this_process

#: No process has this number.
DEAD = evolve(this_process(), pid="999999999", started="1")

#: The owner of a container is root's; who judges is not, and sees no process of others.
HIDDEN = """
import os
from pathlib import Path
from leanopt_core.executors.docker.orphans import is_orphaned
from leanopt_core.owners import this_process

owner = this_process()
dying = os.fork()
if not dying:
    os._exit(0)
os.waitid(os.P_PID, dying, os.WEXITED)
judge = os.fork()
if not judge:
    os.setgroups([])
    os.setgid(65534)
    os.setuid(65534)
    assert not Path(f"/proc/{owner.pid}").exists(), "it is not hidden"
    from attrs import evolve

    dead = evolve(owner, pid=str(dying))
    me = this_process()
    os._exit(10 + is_orphaned(owner, me, running=True) + 2 * is_orphaned(dead, me, running=True))
print(os.waitstatus_to_exitcode(os.waitpid(judge, 0)[1]))
"""


@pytest.fixture
def made(engine: Engine, image: str, tmp_path: Path) -> Iterator[Callable[..., str]]:
    """Make containers that never start; return their names."""
    idents: list[str] = []

    def make(called: str | None = None, image: str = image, **more: object) -> str:
        labelled = labels(DEAD, tmp_path, token_hex(4), worker="1", number=1)
        body = {"Image": image, "Entrypoint": ["/never"], "Labels": labelled, **more}
        called = called or container_name(labelled)
        idents.append(engine.client.create_container_from_config(body, called)["Id"])
        return called

    yield make
    for ident in idents:
        with suppress(Exception):
            engine.client.remove_container(ident, force=True)


def _there(engine: Engine, called: str) -> bool:
    return bool(engine.client.containers(all=True, filters={"name": f"^/{called}$"}))


def test_a_dead_process_s_container_is_an_orphan(engine: Engine, made) -> None:
    """Unless another start on this machine was quicker."""
    ours = made()
    found = [one for one in find_orphans(engine.client) if one.name == ours]
    assert found or not _there(engine, ours)
    assert remove_orphans(engine.client, found) == []
    assert not _there(engine, ours)


def test_a_user_s_container_with_our_labels_is_not(engine: Engine, made) -> None:
    """`docker commit` hands labels on to an image, and that to all that is run from it."""
    mine = f"mine-{token_hex(4)}"
    made(mine)
    committed = engine.client.commit(mine)["Id"]
    try:
        other = made(f"other-{token_hex(4)}", committed, Labels={})
        said = engine.client.inspect_container(other)["Config"]["Labels"]
        assert said["leanopt.owner.pid"] == DEAD.pid
        assert not {mine, other} & {one.name for one in find_orphans(engine.client)}
    finally:
        engine.client.remove_container(other, force=True)
        engine.client.remove_image(committed)


def test_processes_of_others_that_are_hidden_live() -> None:
    """Where `/proc` shows each user but their own (`hidepid=2`), the kernel is asked."""
    unshared = ["unshare", "--mount", "--pid", "--fork"]
    hide = 'mount -t proc -o hidepid=2 proc /proc && exec "$@"'
    command = [*unshared, "sh", "-c", hide, "sh", sys.executable, "-c", HIDDEN]
    if os.getuid() or subprocess.run([*unshared, "true"], check=False).returncode:
        pytest.skip("needs the right to mount: run by root")
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout == "12\n", "10: none is dead; 11: the living one; 13: both"
