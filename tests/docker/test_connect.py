"""What Docker is told by variables and its file: what means nothing is named, never a defect."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from leanopt_core.errors import ExecutorError
from leanopt_core.executors.docker.engine import connect


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[..., Path]:
    """Set Docker's variables, and what its file holds; return the file."""

    def tell(file: str = "{}", **variables: str) -> Path:
        for name in ("DOCKER_HOST", "DOCKER_CONTEXT", "DOCKER_CERT_PATH", "DOCKER_TLS_VERIFY"):
            monkeypatch.delenv(name, raising=False)
        for name, value in {"DOCKER_CONFIG": str(tmp_path), **variables}.items():
            monkeypatch.setenv(name, value)
        (tmp_path / "config.json").write_text(file)
        return tmp_path / "config.json"

    return tell


HOSTS = ["tcp://10.0.0.1:99999", "tcp://[::1", "tcp://:port", "tcp://1.2.3.4:12:3/x", "foo://x"]
FILES = {
    "[]": "holds no JSON object",
    '{"currentContext": 5}': "currentContext: found 5, expected a text",
    '{"auths": 5}': "auths: found 5, expected an object",
    '{"HttpHeaders": [1]}': "HttpHeaders: found [1], expected an object",
    '{"proxies": 4}': "proxies: found 4, expected an object",
    '{"proxies": {"default": 4}}': "cannot be used",
}


@pytest.mark.parametrize("host", HOSTS)
def test_a_host_that_is_none(told: Callable[..., Path], host: str) -> None:
    """It is named as it was given."""
    told(DOCKER_HOST=host)
    with pytest.raises(ExecutorError) as raised:
        connect()
    assert host in str(raised.value)
    assert "DOCKER_HOST" in str(raised.value)


@pytest.mark.parametrize(("file", "said"), FILES.items())
def test_a_file_that_is_none(told: Callable[..., Path], file: str, said: str) -> None:
    """By its path, and what is wrong in it."""
    path = told(file)
    with pytest.raises(ExecutorError) as raised:
        connect()
    assert str(path) in str(raised.value)
    assert said in str(raised.value)


@pytest.mark.parametrize("meta", ["{", "{}", "[]", '{"Endpoints": {"docker": {"Host": 5}}}'])
def test_a_context_that_is_none(told: Callable[..., Path], meta: str) -> None:
    """By its name."""
    from docker.context.config import get_meta_file

    told(DOCKER_CONTEXT="odd")
    path = Path(get_meta_file("odd"))
    path.parent.mkdir(parents=True)
    path.write_text(meta)
    with pytest.raises(ExecutorError, match="'odd'"):
        connect()


def test_certificates_that_are_not_there(told: Callable[..., Path]) -> None:
    """Their folder is named."""
    told(DOCKER_HOST="tcp://127.0.0.1:1", DOCKER_TLS_VERIFY="1", DOCKER_CERT_PATH="/nowhere")
    with pytest.raises(ExecutorError, match="DOCKER_CERT_PATH=/nowhere"):
        connect()


@pytest.mark.parametrize(
    ("file", "variables", "named"),
    [("{}", {"DOCKER_HOST": HOSTS[0]}, "DOCKER_HOST"), ("[]", {}, "config.json")],
)
def test_the_commands_end_with_an_executor_s_error(
    told: Callable[..., Path],
    hill: Callable[..., Path],
    leanopt: Callable[..., Any],
    file: str,
    variables: Mapping[str, str],
    named: str,
) -> None:
    """`run` and `doctor` alike; what cleaning need not do it goes without."""
    project = hill(image="none")
    told(file, **variables)
    run = leanopt(project, "run", "pipeline.toml", check=False)
    assert run.returncode == 6
    assert named in run.stderr
    assert "defect" not in run.stderr
    for arguments, code in ((("pipeline.toml",), 6), (("--clean", "--yes"), 0)):
        done = leanopt(project, "doctor", *arguments, "--json", check=False)
        assert done.returncode == code, done.stderr
        assert any(named in line["what"] for line in json.loads(done.stdout))
