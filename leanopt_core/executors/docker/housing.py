"""The containers of one executor: made, kept track of, and removed."""

from __future__ import annotations

import time
from pathlib import Path
from threading import BoundedSemaphore, Lock

from leanopt_core.errors import ExecutorError
from leanopt_core.executors.docker import cgroup
from leanopt_core.executors.docker.container import KILLED, Container
from leanopt_core.executors.docker.errands import Errands
from leanopt_core.executors.docker.ground import Ground
from leanopt_core.executors.docker.line import Line, attach
from leanopt_core.executors.docker.settings import Tenant, body
from leanopt_core.executors.docker.trouble import foreign, told
from leanopt_core.executors.docker.watch import Watch

# As many containers start at a time as there are processors, but at least so many: all at once
# would keep the first, with which the search begins, waiting for the last.
_STARTING = 2
# How long the last containers may take to be removed, in seconds.
_CLOSING = 1.5


class Housing:
    """Starts containers on one ground; none outlives it. May be used from any thread."""

    def __init__(self, ground: Ground, run: str) -> None:
        self.ground = ground
        self._client = ground.base.engine.client
        self._errands = Errands()
        self._watch = Watch(self._client, run, self._notice, self._lost)
        self._places = BoundedSemaphore(max(_STARTING, ground.base.engine.processors))
        self._lock = Lock()
        self._containers: dict[str, Container] = {}
        self._closed = False

    def start(self, tenant: Tenant, name: str) -> tuple[Container, Line]:
        """Start a container and return it with the line to it; raises ExecutorError."""
        watched = self._watch.begin()
        for container in self._known():
            container.retry()
        with self._places:
            container, line = self._begin(tenant, name)
        if not watched:
            container.died()  # when it does, nobody will tell
        return container, line

    def statistics(self, container: Container) -> Path | None:
        """Return the file that tells what memory a container holds, None where it is elsewhere."""
        try:
            state = self._client.inspect_container(container.ident)["State"]
        except Exception as error:
            if not foreign(error):
                raise
            return None  # that it has gone, or the engine, its line will say
        return cgroup.find(int(state["Pid"]), container.ident)

    def close(self) -> None:
        """Remove every container, as far as the engine does so within about two seconds."""
        with self._lock:
            self._closed = True
        deadline = time.monotonic() + _CLOSING
        for container in self._known():
            container.end(KILLED)
            container.retry()
        self._errands.join(deadline)
        self._watch.close()

    def _begin(self, tenant: Tenant, name: str) -> tuple[Container, Line]:
        if self._closed:
            raise ExecutorError("the executor was closed before a container was made")
        container = self._make(tenant, name)
        try:
            with told("a container cannot be started"):
                line = attach(self._client, container.ident, listening=tenant.listening)
        except ExecutorError:
            self._give_up(container)
            raise
        try:
            with told("a container cannot be started"):
                self._client.start(container.ident)
        except ExecutorError:
            line.close()
            self._give_up(container)
            raise
        return container, line

    def _make(self, tenant: Tenant, name: str) -> Container:
        configuration = body(self.ground.base.site, tenant)
        with told("a container cannot be made"):
            made = self._client.create_container_from_config(configuration, name)
        container = Container(
            self._client, made["Id"], self._errands, self._forget, memory=tenant.memory
        )
        with self._lock:
            self._containers[container.ident] = container
            late = self._closed
        if late:
            self._give_up(container)
            raise ExecutorError("the executor was closed while a container was made")
        return container

    def _give_up(self, container: Container) -> None:
        container.end(KILLED)
        container.close()

    def _known(self) -> list[Container]:
        with self._lock:
            return list(self._containers.values())

    def _forget(self, container: Container) -> None:
        with self._lock:
            self._containers.pop(container.ident, None)

    def _notice(self, ident: str, event: str) -> None:
        """Tell a container what became of it; end one that is paused, or has lost a part."""
        with self._lock:
            container = self._containers.get(ident)
        if container is None:
            return
        match event:
            case "pause":
                container.end("its container was paused from outside")
            case "oom":  # some of it was killed for its memory
                container.end(container.full())
            case "die":
                container.died()
            case _:
                container.disturbed()

    def _lost(self) -> None:
        """Tell every container that the engine has gone, which it does not survive."""
        for container in self._known():
            container.disturbed()
            container.died()
