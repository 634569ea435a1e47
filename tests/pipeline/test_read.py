"""Files that cannot be read at all: one mistake says why."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from leanopt_core.errors import PipelineError
from leanopt_core.pipeline import load_pipeline
from leanopt_core.plugins import Registry

pytestmark = pytest.mark.usefixtures("here")


@pytest.fixture
def here(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Work in the folder of the sound pipeline."""
    monkeypatch.chdir(folder)


def refused(path: str) -> str:
    """Return the only mistake in loading `path`."""
    with pytest.raises(PipelineError) as caught:
        load_pipeline(Path(path), Registry(), environment={})
    [mistake] = caught.value.mistakes
    return str(mistake)


def test_a_file_that_is_not_there_has_the_nearest_name() -> None:
    """The nearest .toml file is named; without any, that is said."""
    assert refused("pipline.toml") == ("pipline.toml: no such file (did you mean 'pipeline.toml'?)")
    Path("empty").mkdir()
    assert refused("empty/x.toml") == (
        "empty/x.toml: no such file (there is no .toml file in empty)"
    )
    assert refused("nowhere/x.toml") == "nowhere/x.toml: no such file (there is no folder nowhere)"


def test_a_folder_is_no_file() -> None:
    """The TOML files in it are named."""
    Path("runs").mkdir()
    assert refused("runs") == "runs: is a folder, expected a TOML file"
    Path("runs/a.toml").touch()
    Path("runs/b.toml").touch()
    assert refused("runs") == "runs: is a folder, expected a TOML file (contains: a.toml, b.toml)"


def test_text_must_be_utf_8() -> None:
    """The first byte that is not is named."""
    Path("latin.toml").write_bytes('name = "Zürich"'.encode("latin-1"))
    assert refused("latin.toml") == "latin.toml: is not UTF-8 text (byte 9 is 0xfc)"


def test_whatever_else_the_system_says() -> None:
    """A file below a file, and a name with a zero byte."""
    assert refused("pipeline.toml/x") == "pipeline.toml/x: cannot be read: Not a directory"
    assert refused("a\0b") == "a\\u0000b: cannot be read: embedded null byte"


@pytest.mark.skipif(os.geteuid() == 0, reason="the superuser may read everything")
def test_a_file_without_permission() -> None:
    """The system's reason is given."""
    Path("pipeline.toml").chmod(0)
    assert refused("pipeline.toml") == "pipeline.toml: cannot be read: Permission denied"


def test_a_byte_order_mark_is_no_mistake(load, sound) -> None:
    """Editors on Windows write one."""
    assert load("\ufeff" + sound).name == "spy-trend"
