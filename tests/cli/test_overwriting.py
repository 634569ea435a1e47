"""Results are written over nothing that a project is made of, and mistyped places are said."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

KEPT = "it is in .leanopt, which leanopt reserves for the project's runs"
SOURCE = "results must not overwrite a strategy or a pipeline (.py, .toml)"


def contents(folder: Path) -> dict[str, bytes]:
    """Return every file of a folder, the store's own log aside."""
    files = (path for path in folder.rglob("*") if path.is_file())
    return {str(path): path.read_bytes() for path in files if "-shm" not in path.name}


@pytest.fixture
def copy(searched: Path, tmp_path: Path) -> Path:
    """A project with two finished runs, to be written in."""
    return shutil.copytree(searched, tmp_path / "copy")


@pytest.mark.parametrize(
    ("output", "reason"),
    [
        (".leanopt/leanopt.db", KEPT),
        (".leanopt/new.jsonl", KEPT),
        ("../copy/.leanopt/locks/x", KEPT),
        ("link", KEPT),
        ("pipeline.toml", SOURCE),
        ("strategy.py", SOURCE),
    ],
)
def test_export_spares_the_project(copy: Path, leanopt, output: str, reason: str) -> None:
    """By whatever name: nothing is changed, exit code 2."""
    (copy / "link").symlink_to(".leanopt/leanopt.db")
    before = contents(copy)
    refused = leanopt(copy, "export", "-o", output, check=False)
    assert (refused.returncode, refused.stdout) == (2, "")
    assert refused.stderr == f"leanopt: --output {output}: {reason}\n"
    assert contents(copy) == before


def test_export_replaces_other_files_and_writes_to_devices(copy: Path, leanopt) -> None:
    """A link stays one, and a pipe or a device stays what it is."""
    text = leanopt(copy, "export").stdout
    (copy / "old.jsonl").write_text("old")
    (copy / "latest").symlink_to("old.jsonl")
    leanopt(copy, "export", "-o", "latest")
    assert (copy / "latest").is_symlink()
    assert (copy / "old.jsonl").read_text() == text
    assert leanopt(copy, "export", "-o", "/dev/stdout", process=True).stdout == text
    os.mkfifo(copy / "pipe")
    reader = subprocess.Popen(["cat", copy / "pipe"], stdout=subprocess.PIPE, text=True)
    leanopt(copy, "export", "-o", "pipe")
    assert reader.communicate(timeout=60)[0] == text
    assert (copy / "pipe").is_fifo()


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        (".leanopt/leanopt.db", f"expected another file: {KEPT}"),
        ("pipeline.toml", f"expected another file: {SOURCE}"),
        ("strategy.py", f"expected another file: {SOURCE}"),
        ("pipeline.conf", f"expected another file: {SOURCE}"),
        (
            "../nowhere/trials.jsonl",
            "expected a path in an existing folder; only the project gets new folders",
        ),
    ],
)
def test_a_sink_spares_the_project(project: Path, leanopt, path: str, expected: str) -> None:
    """`check` finds it, and `run` before anything is stored."""
    pipeline = project / "pipeline.conf"
    text = (project / "pipeline.toml").read_text()
    sink = '\n[[sink]]\nuse = "jsonl"\n'
    pipeline.write_text(f'{text}{sink}{sink}path = "{path}"\n')
    before = contents(project)
    for command in ("check", "run"):
        refused = leanopt(project, command, "pipeline.conf", check=False)
        assert (refused.returncode, refused.stdout) == (3, "")
        line = f'pipeline.conf: sink[1].path: found "{path}", {expected}\n'
        assert refused.stderr == f"leanopt: {line}"
    assert contents(project) == before


def test_a_sink_makes_its_folder_inside_the_project(project: Path, leanopt) -> None:
    """Outside one that is there will do."""
    with (project / "pipeline.toml").open("a") as file:
        for path in ("new/inner/trials.jsonl", "../beside.jsonl"):
            file.write(f'\n[[sink]]\nuse = "jsonl"\npath = "{path}"\n')
    leanopt(project, "run", "pipeline.toml", "--set", "stage.1.trials=1")
    written = (project / "new/inner/trials.jsonl").read_text()
    assert len(written.splitlines()) == 21
    assert (project.parent / "beside.jsonl").read_text() == written


@pytest.mark.parametrize(
    ("place", "what"),
    [
        ("nope.toml", "does not exist"),
        ("nowhere", "does not exist"),
        ("strategy.py", "is neither a folder nor a pipeline"),
    ],
)
@pytest.mark.parametrize("command", ["show", "runs", "export", "watch", "stop"])
def test_a_project_that_is_none(
    searched: Path, leanopt, command: str, place: str, what: str
) -> None:
    """Not taken for the folder that it would lie in."""
    refused = leanopt(searched, command, "-C", place, check=False)
    assert (refused.returncode, refused.stdout) == (2, "")
    assert refused.stderr == (
        f"leanopt: --project {place} {what}; give a project folder or a pipeline\n"
    )


def test_a_project_by_its_pipeline(copy: Path, leanopt) -> None:
    """Whatever the pipeline is called."""
    (copy / "pipeline.toml").rename(copy / "pipeline.conf")
    by_folder = leanopt(copy.parent, "runs", "-C", "copy").stdout
    assert leanopt(copy.parent, "runs", "-C", "copy/pipeline.conf").stdout == by_folder


@pytest.mark.parametrize(
    "words", [("show", "slope-1", "abc"), ("run", "pipeline.toml", "--workers", "abc")]
)
def test_numbers_are_called_whole_numbers(searched: Path, leanopt, words: tuple[str, ...]) -> None:
    """In the words of the rest of leanopt."""
    refused = leanopt(searched, *words, check=False)
    assert refused.returncode == 2
    assert "'abc' is not a valid whole number." in refused.stderr
