"""Images fetched from a registry, a small one of the test's own, when the options say so."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import tarfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from leanopt_core.errors import ExecutorError
from leanopt_core.executors.docker.engine import Engine
from leanopt_core.executors.docker.executor import DockerExecutor
from leanopt_core.work import Command

_TYPES = "application/vnd.docker."
_MANIFEST = f"{_TYPES}distribution.manifest.v2+json"


class Registry(ThreadingHTTPServer):
    """Serves one image, `one:latest`, whose only file says what `publish` was told."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.blobs: dict[str, bytes] = {}
        self.manifest = b""

    @property
    def image(self) -> str:
        """The image's name, as an engine on this machine is told it."""
        return f"127.0.0.1:{self.server_address[1]}/one:latest"

    def publish(self, text: str) -> str:
        """Make the image another one; return its id."""
        buffer = io.BytesIO()
        with tarfile.open(fileobj=buffer, mode="w") as tar:
            member = tarfile.TarInfo("said")
            member.size = len(text)
            tar.addfile(member, io.BytesIO(text.encode()))
        layer = buffer.getvalue()
        config = json.dumps(
            {
                "architecture": "amd64",
                "os": "linux",
                "config": {},
                "rootfs": {"type": "layers", "diff_ids": [_digest(layer)]},
            }
        ).encode()
        packed = gzip.compress(layer)
        self.manifest = json.dumps(
            {
                "schemaVersion": 2,
                "mediaType": _MANIFEST,
                "config": self._keep(f"{_TYPES}container.image.v1+json", config),
                "layers": [self._keep(f"{_TYPES}image.rootfs.diff.tar.gzip", packed)],
            }
        ).encode()
        return _digest(config)

    def _keep(self, kind: str, data: bytes) -> dict[str, Any]:
        self.blobs[_digest(data)] = data
        return {"mediaType": kind, "size": len(data), "digest": _digest(data)}


class _Handler(BaseHTTPRequestHandler):
    server: Registry

    def do_GET(self) -> None:
        """Answer what an engine asks."""
        what, name = self.path.rstrip("/").split("/")[-2:]
        kinds = {"manifests": (_MANIFEST, self.server.manifest)}
        kind, data = kinds.get(
            what, ("application/octet-stream", self.server.blobs.get(name, b"{}"))
        )
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data)))
        self.send_header("Docker-Content-Digest", _digest(data))
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(data)

    do_HEAD = do_GET  # noqa: N815

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def _digest(data: bytes) -> str:
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


@pytest.fixture
def registry(engine: Engine) -> Iterator[Registry]:
    """A registry; what was fetched from it is removed afterwards."""
    with Registry() as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()
        with suppress(Exception):
            engine.client.remove_image(server.image, force=True)


def test_an_image_is_fetched_when_the_options_say_so(
    make: Callable[..., DockerExecutor], registry: Registry, capsys: pytest.CaptureFixture[str]
) -> None:
    """Never unless allowed, once where it is missing, each time by "always"; and it is said."""
    first = registry.publish("first")
    with pytest.raises(ExecutorError, match="no image"):
        make(image=registry.image, pull="never").runtime()
    assert capsys.readouterr().err == ""
    assert make(image=registry.image).runtime() == {"image": first, "platform": "linux/amd64"}
    assert capsys.readouterr().err == f"fetching the image {registry.image} ...\n"
    second = registry.publish("second")
    for pull in ("missing", "never"):
        assert make(image=registry.image, pull=pull).runtime()["image"] == first
    assert capsys.readouterr().err == ""
    assert make(image=registry.image, pull="always").runtime()["image"] == second


def test_an_image_that_changes_meanwhile_is_not_taken_up(
    make: Callable[..., DockerExecutor], image: str, engine: Engine
) -> None:
    """A run's workers are all of the image that it began with, whatever its name means by then."""
    name = f"leanopt-test:moving-{id(make)}"
    repository, tag = name.split(":")
    engine.client.tag(image, repository, tag)
    executor = make(image=name)
    before = executor.runtime()
    engine.client.remove_image(name)
    assert executor.run_command(Command(("{python}", "-c", "print(1)"))).output == "1\n"
    assert executor.runtime() == before


@pytest.fixture
def absent(folder: Path, registry: Registry) -> Path:
    """A project whose workers need an image that is only in the registry."""
    registry.publish("never needed")
    (folder / "strategy.py").write_text(
        "from leanopt_harness import Result, backtest\n\n\n@backtest\n"
        "def run(parameters, scenario):\n    return Result({'Net Profit': parameters['x']})\n"
    )
    (folder / "pipeline.toml").write_text(
        "name = 'far'\n[strategy]\nentry = 'strategy.py:run'\n[parameters]\n"
        "x = { min = 1, max = 9 }\n[fitness]\nuse = 'statistic'\nstatistic = 'Net Profit'\n"
        f"[executor]\nuse = 'docker'\nimage = '{registry.image}'\n[[stage]]\nuse = 'random'\n"
    )
    return folder


def test_check_and_plan_fetch_no_image(absent: Path, registry: Registry, leanopt, engine) -> None:
    """`check` warns that the strategy was not tried; `plan` cannot do without it."""
    said = f"there is no image '{registry.image}' on this machine: `docker pull {registry.image}`"
    checked = leanopt(absent, "check")
    assert checked.stdout == "pipeline.toml: ok\n"
    assert checked.stderr.startswith(f"leanopt: warning: the strategy was not tried: {said}")
    never = leanopt(absent, "check", "--set", "executor.pull=never", check=False)
    planned = leanopt(absent, "plan", check=False)
    for refused in (never, planned):
        assert refused.returncode == 6
        assert refused.stderr.startswith(f"leanopt: {said} fetches it")
    assert not [one for one in engine.client.images() if registry.image in (one["RepoTags"] or ())]


def test_a_probe_fetches_the_image(absent: Path, leanopt) -> None:
    """It runs backtests; that this image has no interpreter is said then."""
    probed = leanopt(absent, "plan", "--probe", "1", check=False)
    assert "fetching the image" in probed.stderr
    assert probed.returncode != 0
