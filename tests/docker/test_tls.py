"""An engine behind TLS, as build farms have it: here a proxy before the engine's socket."""

from __future__ import annotations

import select
import shutil
import socket
import ssl
import subprocess
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from threading import Thread

import pytest

from leanopt_core.executors.docker.engine import Engine
from leanopt_core.executors.docker.executor import DockerExecutor
from leanopt_core.testing.channel import ChannelContract

pytestmark = pytest.mark.skipif(shutil.which("openssl") is None, reason="there is no openssl")


def _certificates(folder: Path) -> None:
    """Make an authority, and one certificate for both ends."""

    def openssl(*arguments: str) -> None:
        subprocess.run(["openssl", *arguments], cwd=folder, check=True, capture_output=True)

    fresh = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")
    openssl("req", "-x509", *fresh, "-keyout", "ca-key.pem", "-out", "ca.pem", "-subj", "/CN=ca")
    openssl("req", *fresh, "-keyout", "key.pem", "-out", "csr.pem", "-subj", "/CN=localhost")
    (folder / "names").write_text("subjectAltName=DNS:localhost,IP:127.0.0.1\n")
    signed = ("-CA", "ca.pem", "-CAkey", "ca-key.pem", "-CAcreateserial", "-extfile", "names")
    openssl("x509", "-req", "-in", "csr.pem", *signed, "-out", "cert.pem")


def _copy(client: ssl.SSLSocket, engine: socket.socket) -> None:
    """Pass bytes on until both ways have ended; each may end alone."""
    client.setblocking(False)
    ways = {client: engine, engine: client}
    with client, engine, suppress(OSError):
        while ways:
            ready = [client] if client.pending() else select.select([*ways], [], [])[0]
            for source in ready:
                try:
                    data = source.recv(65536)
                except ssl.SSLWantReadError:
                    continue
                other = ways[source]
                if not data:
                    del ways[source]
                    if other is engine:
                        engine.shutdown(socket.SHUT_WR)
                    else:
                        return
                while data:
                    try:
                        data = data[other.send(data) :]
                    except ssl.SSLWantWriteError:
                        select.select([], [other], [])


def _serve(listening: socket.socket, context: ssl.SSLContext, path: str) -> None:
    with suppress(OSError):
        while True:
            plain, _ = listening.accept()
            engine = socket.socket(socket.AF_UNIX)
            engine.connect(path)
            client = context.wrap_socket(plain, server_side=True)
            Thread(target=_copy, args=(client, engine), daemon=True).start()


class TestTls(ChannelContract):
    """Lines to workers behave as over the engine's own socket."""

    @pytest.fixture
    def executor(
        self,
        make: Callable[..., DockerExecutor],
        engine: Engine,
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
    ) -> Iterator[DockerExecutor]:
        """An executor told of the proxy by the variables that the `docker` command heeds."""
        _certificates(tmp_path)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(tmp_path / "cert.pem", tmp_path / "key.pem")
        context.load_verify_locations(tmp_path / "ca.pem")
        context.verify_mode = ssl.CERT_REQUIRED
        with socket.create_server(("127.0.0.1", 0)) as listening:
            path = engine.host.removeprefix("unix://")
            Thread(target=_serve, args=(listening, context, path), daemon=True).start()
            monkeypatch.setenv("DOCKER_HOST", f"tcp://127.0.0.1:{listening.getsockname()[1]}")
            monkeypatch.setenv("DOCKER_TLS_VERIFY", "1")
            for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
                monkeypatch.delenv(name, raising=False)  # the SDK would trust these instead
            monkeypatch.setenv("DOCKER_CERT_PATH", str(tmp_path))
            executor = make()
            yield executor
            executor.close()
            listening.shutdown(socket.SHUT_RDWR)
