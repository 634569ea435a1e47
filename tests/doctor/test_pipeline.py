"""With a pipeline: what its strategy and its workers need, on this machine's processes."""

from __future__ import annotations

import os
import shlex
import subprocess
from pathlib import Path

import pytest
from reports import PIPELINE, Doctor

PIPELINES = ["interpreter", "data", "strategy", "harness", "workers", "worker memory"]


def edited(folder: Path, before: str, after: str) -> None:
    """Change the pipeline."""
    assert before in PIPELINE
    (folder / "pipeline.toml").write_text(PIPELINE.replace(before, after))


def test_a_pipeline_that_can_run(small: Path, doctor: Doctor) -> None:
    """Without a Docker engine too; a worker has said what it is, and nothing is left of it."""
    report = doctor(small, "pipeline.toml", DOCKER_HOST="unix:///nowhere.sock")
    assert report.code == 0
    assert report.names[5:7] == ["store", "pipeline"]
    assert report.names[-len(PIPELINES) :] == PIPELINES
    assert report.not_ok() == {"docker", "docker disk", "containers"}
    assert "not needed by this pipeline" in report.one("docker")["what"]
    assert "protocol 1, engine python 3." in report.one("harness")["what"]
    assert report.one("workers")["what"].startswith("1 on ")
    assert list((small / ".leanopt" / "scratch").glob("*/")) == []


def test_it_is_found_from_elsewhere(small: Path, tmp_path: Path, doctor: Doctor) -> None:
    """Its folder is where its runs lie."""
    report = doctor(tmp_path, "small/pipeline.toml")
    assert report.code == 0
    assert str(small) in report.one("disk")["what"]


@pytest.mark.usefixtures("engine")  # without one, what needs it is blocked too
@pytest.mark.parametrize("file", ["pipeline.toml", "none.toml"])
def test_a_pipeline_with_mistakes(file: str, small: Path, doctor: Doctor) -> None:
    """All of them; the machine is looked at nevertheless."""
    edited(small, "[executor]", 'sead = 1\n[executor]\nuse = "proces"')
    report = doctor(small, file)
    assert report.code == 3
    assert report.one("pipeline")["fix"] == f"leanopt check {file}"
    if file == "pipeline.toml":
        assert "sead" in report.one("pipeline")["what"]
        assert "did you mean 'process'" in report.one("pipeline")["what"]
    assert report.blocked() == set(PIPELINES)
    assert {"python", "plugins", "cores", "memory", "disk", "scratch"}.isdisjoint(report.not_ok())


def test_overrides_count(small: Path, doctor: Doctor) -> None:
    """As for the other commands."""
    report = doctor(small, "pipeline.toml", "--set", "executor.workers=500")
    line = report.one("workers")
    assert report.code == 0
    assert line["status"] == "warning"
    assert "500 on " in line["what"]
    assert "--workers " in line["fix"]


@pytest.mark.usefixtures("engine")  # as above
def test_data_that_is_not_there(small: Path, doctor: Doctor) -> None:
    """The strategy is not looked at; everything else is."""
    (small / "data").rmdir()
    report = doctor(small, "pipeline.toml")
    assert report.code == 5
    assert str(small / "data") in report.one("data")["what"]
    assert report.blocked() == {"strategy", "harness"}
    assert report.one("interpreter")["status"] == "ok"


@pytest.mark.usefixtures("engine")  # as above
def test_a_strategy_that_cannot_be_used(small: Path, doctor: Doctor) -> None:
    """It does not import."""
    (small / "strategy.py").write_text("import nothing_of_this_name\n")
    report = doctor(small, "pipeline.toml")
    assert report.code == 5
    assert "nothing_of_this_name" in report.one("strategy")["what"]
    assert report.blocked() == {"harness"}


def test_a_harness_that_dies(small: Path, doctor: Doctor) -> None:
    """It can be described, and not served: only a worker that is started tells."""
    (small / "dying").touch()
    report = doctor(small, "pipeline.toml")
    assert report.code == 6
    assert report.not_ok() - {"docker", "docker disk", "containers"} == {"harness"}
    assert "exit code 3" in report.one("harness")["what"]


@pytest.mark.long
def test_memory_that_is_not_there(small: Path, doctor: Doctor) -> None:
    """What fixes it does; so does a smaller limit where not even one worker fits."""
    whole = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    for limit in (whole * 3 // 5, whole * 2):
        edited(small, "workers = 1", f"workers = 3\nmemory_limit = {limit}")
        report = doctor(small, "pipeline.toml")
        assert report.code == 6
        line = report.one("worker memory")
        assert line["status"] == "wrong"
        option, value = shlex.split(line["fix"])[-2:]
        key = value if option == "--set" else f"executor.workers={value}"
        one = ("--set", "executor.workers=1") if option == "--set" else ()
        fixed = doctor(small, "pipeline.toml", *one, "--set", key)
        assert fixed.one("worker memory")["status"] == "ok"


@pytest.mark.parametrize(
    ("script", "said"),
    [
        (None, "nowhere"),
        ("#!/bin/sh\necho oh no >&2\nexit 7\n", "exit code 7): oh no"),
        ('#!/bin/sh\necho \'{"python": "3.8.10"}\'\n', "Python 3.8.10; the harness needs >=3."),
    ],
)
def test_an_interpreter_that_will_not_do(
    script: str | None, said: str, small: Path, doctor: Doctor
) -> None:
    """It is not there, it does not run, it is too old."""
    program = small / "nowhere"
    if script is not None:
        program = small / "python"
        program.write_text(script)
        program.chmod(0o755)
    report = doctor(small, "pipeline.toml", "--set", f"strategy.python={program}")
    assert report.code in (5, 6)
    assert report.one("interpreter")["status"] == "wrong"
    assert said in report.one("interpreter")["what"]


@pytest.mark.long
def test_it_only_looks(small: Path, doctor: Doctor, leanopt) -> None:
    """No run is stored, and the strategy runs afterwards."""
    doctor(small, "pipeline.toml")
    assert not (small / ".leanopt" / "leanopt.db").exists()
    done: subprocess.CompletedProcess[str] = leanopt(small, "run", "pipeline.toml")
    assert "4 trials" in done.stdout
