"""What the options give a worker is a part of what a backtest is known by."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from leanopt_core.errors import ExecutorError
from leanopt_core.executors.docker.executor import DockerExecutor, options_identity
from leanopt_core.executors.docker.settings import DockerOptions


@pytest.fixture
def more(folder: Path) -> Path:
    """A folder with a file."""
    (folder / "more").mkdir()
    (folder / "more" / "model").write_text("one")
    return folder / "more"


def _told(folder: Path, **options: object) -> dict[str, str]:
    return options_identity(DockerOptions(**options), folder)  # type: ignore[arg-type]


def test_an_executor_s_place_has_it(make: Callable[..., DockerExecutor], more: Path) -> None:
    """Beside image and platform, and nothing where nothing is given."""
    assert set(make().runtime()) == {"image", "platform"}
    given = {"environment": {"A": "1"}, "devices": ("/dev/full",), "mounts": ("more:/more",)}
    place = make(**given).runtime()
    assert place["environment"] == '{"A":"1"}'
    assert place["devices"] == '["/dev/full"]'
    assert len(place["mount more:/more"]) == 64


def test_contents_count_and_their_place_on_the_disk_does_not(folder: Path, more: Path) -> None:
    """Names and bytes."""
    mounts = {"mounts": ("more:/more",)}
    before = _told(folder, **mounts)
    os.utime(more / "model", ns=(1, 1))
    assert _told(folder, **mounts) == before
    (more / "model").write_text("two")
    changed = _told(folder, **mounts)
    assert changed != before
    (more / "model").rename(more / "other")
    assert _told(folder, **mounts) not in (before, changed)


def test_what_is_large_counts_by_its_status(folder: Path, more: Path) -> None:
    """It is not read; that it was written to shows."""
    os.truncate(more / "model", 2**40)
    mounts = {"mounts": ("more:/more",)}
    before = _told(folder, **mounts)
    assert _told(folder, **mounts) == before
    os.utime(more / "model", ns=(1, 1))
    assert _told(folder, **mounts) != before


def test_what_is_written_to_counts_by_name(folder: Path, more: Path) -> None:
    """It is another one after each backtest."""
    before = _told(folder, mounts=("more:/more:rw",))
    assert before == {"mount more:/more:rw": "writable"}
    (more / "model").write_text("two")
    assert _told(folder, mounts=("more:/more:rw",)) == before


def test_a_folder_that_cannot_be_read_is_named(folder: Path, more: Path) -> None:
    """With the option that names it."""
    (more / "model").chmod(0)
    caller = os.geteuid()
    os.seteuid(caller or 65534)
    try:
        with pytest.raises(ExecutorError, match=r"executor\.mounts: .*more cannot be read"):
            _told(folder, mounts=("more:/more",))
    finally:
        os.seteuid(caller)


@pytest.mark.long
def test_other_variables_are_other_backtests(hill, leanopt, folder: Path) -> None:
    """They are run again; the same ones are not."""
    project = hill(executor="")
    few = ("run", "pipeline.toml", "--again", "--set", "stage.0.trials=3")
    said = [leanopt(project, *few).stdout]
    (project / "pipeline.toml").write_text(
        (project / "pipeline.toml").read_text().replace('HILL_DELAY = "0.0"', 'HILL_DELAY = "0.01"')
    )
    said += [leanopt(project, *few).stdout for _ in range(2)]
    assert ["3 backtests run" in one for one in said] == [True, True, False], said
