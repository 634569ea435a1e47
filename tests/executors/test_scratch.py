"""Scratch folders: files go in and come out, and no name leads anywhere else."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from leanopt_core.errors import ExecutorError
from leanopt_core.work import Category, Command, Request

ESCAPES = ["../x", "/etc/passwd", "a/../../x", "a/..", "", ".", "a\0b", "..", "/", "./../x"]


@pytest.fixture
def channel(bench: Any) -> Any:
    """A channel to a living worker."""
    channel = bench.executor.spawn(bench.launch(), 1)
    yield channel
    channel.kill()
    channel.release()


def scratch(channel: Any) -> Path:
    """Return the worker's folder."""
    return Path(channel.fill("{scratch}"))


def test_what_is_put_can_be_opened(channel: Any) -> None:
    """Folders are made, a second file takes the first one's place."""
    channel.put("a.json", b"one")
    channel.put("deep/er/b.bin", b"\0two")
    channel.put("a.json", b"new")
    with channel.open("a.json") as file:
        assert file.read() == b"new"
    with channel.open("deep/er/b.bin") as file:
        assert file.read() == b"\0two"
    assert (scratch(channel) / "deep" / "er" / "b.bin").read_bytes() == b"\0two"


@pytest.mark.parametrize("name", ESCAPES)
def test_no_name_leaves_the_folder(channel: Any, bench: Any, name: str) -> None:
    """Refused before anything is touched."""
    before = sorted(bench.folder.rglob("*"))
    with pytest.raises(ExecutorError, match="is no name below the scratch folder"):
        channel.put(name, b"x")
    with pytest.raises(ExecutorError, match="is no name below the scratch folder"):
        channel.open(name)
    assert sorted(bench.folder.rglob("*")) == before


def test_no_link_is_followed(channel: Any, bench: Any) -> None:
    """Neither as the last part of a name, nor on the way."""
    outside = bench.folder / "outside"
    outside.mkdir()
    (outside / "secret").write_text("secret")
    (scratch(channel) / "link").symlink_to(outside / "secret")
    (scratch(channel) / "folder").symlink_to(outside)
    for name in ("link", "folder/secret"):
        with pytest.raises(ExecutorError, match="cannot be read"):
            channel.open(name)
    with pytest.raises(ExecutorError, match="cannot be written"):
        channel.put("folder/new", b"x")
    channel.put("link", b"mine")  # takes the link's place
    assert (outside / "secret").read_text() == "secret"
    assert sorted(path.name for path in outside.iterdir()) == ["secret"]


def test_a_folder_that_became_a_link_is_not_followed(channel: Any, bench: Any) -> None:
    """Not even the scratch folder itself."""
    outside = bench.folder / "outside"
    outside.mkdir()
    here = scratch(channel)
    here.rmdir()
    here.symlink_to(outside)
    with pytest.raises(ExecutorError):
        channel.put("x", b"x")
    assert list(outside.iterdir()) == []


def test_what_is_no_plain_file_is_not_opened(channel: Any) -> None:
    """Opening it would wait for ever, or fail later."""
    (scratch(channel) / "folder").mkdir()
    os.mkfifo(scratch(channel) / "pipe")
    for name in ("folder", "pipe"):
        with pytest.raises(ExecutorError, match="is no plain file"):
            channel.open(name)
    with pytest.raises(FileNotFoundError):
        channel.open("none")
    with pytest.raises(FileNotFoundError):
        channel.open("no/ne")


def test_a_request_s_files_are_there_before_it(bench: Any) -> None:
    """In the request's own folder."""
    path = "{request}/in/config.json"
    request = Request(
        json.dumps({"do": "reads", "file": path, "nonce": 1}), (path,), {"in/config.json": "text"}
    )
    with bench.pool() as pool:
        (one,) = bench.ask(pool, request)
    assert one.answer.payload["text"] == "text"


def test_an_answer_s_files_can_be_opened_after_the_worker_s_end(bench: Any) -> None:
    """The folder stays while the answer is held; a link in it is no file."""
    files = {"result.json": "{}", "bad": "->/etc/passwd"}
    told = bench.request("writes", files=files, folder="{request}")
    with bench.pool(recycle_after=1) as pool:
        one, _ = bench.ask(pool, Request(told.payload, ("{request}",)), bench.request("good_"))
    assert one.answer.files.names() == ["result.json"]
    with one.answer.files.open("result.json") as file:
        assert file.read() == b"{}"
    with pytest.raises(ExecutorError):
        one.answer.files.open("bad")
    one.answer.files.remove()
    assert one.answer.files.names() == []


def test_a_worker_s_folder_goes_when_nobody_holds_it(bench: Any) -> None:
    """A long run does not fill the disk."""
    with bench.pool(recycle_after=1) as pool:
        for _ in range(3):
            bench.ask(pool, bench.request("writes", files={"x": "x"}))
    assert list((bench.folder / ".leanopt" / "scratch").rglob("x")) == []


def test_a_file_that_cannot_be_written_fails_the_request(bench: Any) -> None:
    """And the next one is answered."""
    bad = Request('{"do": "good_"}', files={"../x": ""})
    with bench.pool(retries=1) as pool:
        one, after = bench.ask(pool, bad, bench.request("good_", "after"))
    assert one.failure.category is Category.ENGINE
    assert one.failure.message.endswith("/../x' is no name below the scratch folder")
    assert one.attempts == 2
    assert after.answer.payload["nonce"] == "after"


def test_workers_have_folders_of_their_own(bench: Any) -> None:
    """Each runs in its own."""
    with bench.pool(workers=2, recycle_after=1) as pool:
        finished = bench.ask(pool, *(bench.request("environment") for _ in range(4)))
    folders = {one.answer.payload["folder"] for one in finished}
    assert len(folders) == 4
    assert all(Path(folder).is_relative_to(bench.folder / ".leanopt") for folder in folders)


def test_a_project_that_cannot_be_written_to_is_said(bench: Any) -> None:
    """With the path, as an error of the executor."""
    (bench.folder / ".leanopt").write_text("a file")
    with pytest.raises(ExecutorError, match="no scratch folder can be made below"):
        bench.executor.run_command(Command(("true",)))
    (bench.folder / ".leanopt").unlink()


def test_folders_go_at_exit_though_nobody_closed(tmp_path: Path) -> None:
    """An error on the way leaves no litter."""
    code = (
        "import sys; from pathlib import Path\n"
        "from leanopt_core.options import ProcessOptions\n"
        "from leanopt_core.executors.process import ProcessExecutor\n"
        "from leanopt_core.work import Command\n"
        "executor = ProcessExecutor(ProcessOptions(), Path(sys.argv[1]))\n"
        "print(executor.run_command(Command(('pwd',))).output)"
    )
    command = [sys.executable, "-c", code, str(tmp_path)]
    told = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    assert Path(told.strip()).parent.parent == tmp_path / ".leanopt" / "scratch"
    assert list((tmp_path / ".leanopt" / "scratch").glob("*/")) == []
