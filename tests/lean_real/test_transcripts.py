"""The golden conversations of a warm LEAN, replayed against the harness with a real LEAN."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from regression.algorithms import compiled
from regression.warm import serving

from harness.python.tests.conftest import Harness
from harness.python.tests.test_transcripts import FILES, agree, harness_of, read

from .conftest import PROJECT, ROOT, Real

STRATEGY = ROOT / "tests" / "lean-results" / "EmaBands.cs"
WARM = [path for path in FILES if harness_of(path) == "warm"]


@pytest.fixture(scope="module")
def files(real: Real, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that the conversations name: the strategy, links to LEAN and its data."""
    folder = tmp_path_factory.mktemp("files")
    (folder / "source").mkdir()
    (folder / "source" / "Strategies.csproj").write_text(PROJECT)
    (folder / "source" / STRATEGY.name).write_bytes(STRATEGY.read_bytes())
    made = compiled(folder / "source", real.lean, folder / "made")
    for path in made.parent.glob("Strategies.*"):
        (folder / path.name).write_bytes(path.read_bytes())
    (folder / "lean").symlink_to(real.lean)
    (folder / "data").symlink_to(real.data)
    return folder


@pytest.fixture
def harness(real: Real, files: Path, tmp_path: Path) -> Iterator[Harness]:
    """A harness on the strategy, in an empty folder."""
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    strategy = files / "Strategies.dll"
    command = serving(real.harness, files / "lean", strategy, files / "data", {})
    started = Harness(list(command), tmp_path / "harness.log", cwd=scratch)
    yield started
    started.process.kill()
    for stream in (started.process.stdin, started.process.stdout):
        assert stream is not None
        stream.close()
    started.process.wait()


@pytest.mark.parametrize("path", WARM, ids=lambda path: path.stem)
def test_the_harness_answers_as_the_transcript_says(
    path: Path, harness: Harness, files: Path
) -> None:
    """Every answer, in order, to the last digit; the input's end is the harness's."""
    for kind, value in read(path)[1]:
        match kind:
            case ">":
                line = json.dumps(value).replace("{files}", str(files))
                harness.send(line.encode() + b"\n")
            case ">raw":
                harness.send(value.encode() + b"\n")
            case "<":
                found = harness.read()
                assert agree(value, found), f"expected {value}, found {found}"
            case _:
                assert harness.close() == (b"", value)
