"""What is known of the files that strategies open: names, states, and sets of them."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from attrs import define

from leanopt_core.content import hash_file
from leanopt_core.search.opened import OpenedFiles, SeenFiles
from leanopt_core.search.opened_watch import OpenedWatch
from leanopt_core.store.opened import OpenedSet
from leanopt_core.store.store import open_store
from leanopt_core.work import Answer, Launch, Mount


@pytest.fixture
def launch(tmp_path: Path) -> Launch:
    """A launch whose data is in the strategy's folder."""
    (tmp_path / "data").mkdir()
    return Launch(("{python}",), (Mount("build", tmp_path), Mount("data", tmp_path / "data")))


@pytest.fixture
def files(launch: Launch, tmp_path: Path) -> OpenedFiles:
    """What a run on this machine and one in a container know."""
    here = {"build": str(tmp_path), "data": str(tmp_path / "data")}
    there = {"build": "/leanopt/build", "data": "/leanopt/data"}
    return OpenedFiles([SeenFiles.of(launch, here), SeenFiles.of(launch, there)], hash_file)


def looked(path: Path) -> list[int]:
    """Return what a harness says of a file."""
    return [path.stat().st_size, path.stat().st_mtime_ns]


def states(files: OpenedFiles, *opened: dict[str, Any], worker: int = 1, place: int = 0) -> Any:
    """Return the files of a backtest's sets."""
    found = files.sets(Answer({}, opened=opened), worker, place)
    return [json.loads(one.files) for one in found]


def test_a_file_has_one_name_on_this_machine_and_in_containers(
    files: OpenedFiles, tmp_path: Path
) -> None:
    """So a stored backtest is found by any executor; what keys cover, and an image, is left out."""
    side, other = tmp_path / "side.txt", tmp_path.parent / f"{tmp_path.name}-2"
    side.write_text("1")
    other.write_text("2")
    told = looked(side)
    here = states(
        files,
        {str(side): told, str(tmp_path / "data" / "a.csv"): [1, 1], str(other): looked(other)},
    )
    assert here == [{"{build}/side.txt": hash_file(side), str(other): hash_file(other)}]
    there = {"/leanopt/build/side.txt": told, "/leanopt/data/a.csv": [1, 1], "/etc/passwd": [1, 1]}
    assert states(files, there, worker=2, place=1) == [{"{build}/side.txt": hash_file(side)}]
    assert states(files, {"/leanopt/data/a.csv": [1, 1]}, worker=3, place=1) == []
    for name, state in here[0].items():
        assert files.same(name, state)


def test_all_that_a_worker_has_opened_counts(files: OpenedFiles, tmp_path: Path) -> None:
    """Each set says what is new, and which came before; workers alike have the same sets."""
    one, two = tmp_path / "one", tmp_path / "two"
    one.write_text("1")
    two.write_text("2")
    first, second = {str(one): looked(one)}, {str(two): looked(two)}
    expected = [{"{build}/one": hash_file(one)}, {"{build}/two": hash_file(two)}]
    assert states(files, first) == expected[:1]
    assert states(files, first, second) == expected
    # The answer between was withdrawn.
    assert states(files, first, second, worker=2) == expected
    assert files.sets(Answer({}, opened=(first, second)), 1, 0) == files.sets(
        Answer({}, opened=(first, second)), 2, 0
    )
    assert states(files, second, worker=3) == expected[1:]
    assert (
        files.sets(Answer({}, opened=(second,)), 3, 0)[-1].hash
        != files.sets(Answer({}, opened=(first, second)), 2, 0)[-1].hash
    )


def test_states(files: OpenedFiles, tmp_path: Path) -> None:
    """A hash, the hash of names, nothing; false for what is another one by now."""
    side = tmp_path / "side"
    side.write_text("1")
    old = looked(side)
    os.utime(side, ns=(1, 1))
    names = "a" * 64
    told = {
        str(side): old,
        str(tmp_path / "gone"): [3, 3],
        str(tmp_path / "none"): None,
        str(tmp_path / "data2"): names,
    }
    assert states(files, told) == [
        {
            "{build}/data2": f"names {names}",
            "{build}/gone": False,
            "{build}/none": None,
            "{build}/side": False,
        }
    ]
    assert not files.same("{build}/side", False)
    assert files.same("{build}/none", None)
    (tmp_path / "none").mkdir()
    assert not files.same("{build}/none", None)
    assert not files.same("{build}/data2", f"names {names}")


def test_what_appeared_before_it_was_looked_at_is_unknown(
    files: OpenedFiles, tmp_path: Path
) -> None:
    """Nobody knows what the strategy found."""
    (tmp_path / "late").write_text("1")
    assert states(files, {str(tmp_path / "late"): None}) == [{"{build}/late": False}]


def test_nonsense_of_a_harness_is_unknown(files: OpenedFiles, tmp_path: Path) -> None:
    """It answers nothing, and raises nothing."""
    side = tmp_path / "side"
    side.write_text("1")
    for said in (True, 1, [1], ["a", "b"], {"a": 1}, [None, None]):
        assert states(files, {str(side): said}, worker=hash(str(said))) == [{"{build}/side": False}]
    assert files.unseen(Answer({"unseen": ["a"]})) == []


@define
class Clock:
    """Seconds that pass only where a test says so."""

    now: float = 0.0

    def __call__(self) -> float:
        """Return the time."""
        return self.now


def test_a_file_that_changes_during_a_run_is_named_once(files: OpenedFiles, tmp_path: Path) -> None:
    """With the next look, as one that was missing and has come; others are not named."""
    kept, edited, came = tmp_path / "kept", tmp_path / "edited", tmp_path / "came"
    kept.write_text("1")
    edited.write_text("1")
    states(files, {str(kept): looked(kept), str(edited): looked(edited), str(came): None})
    clock, said = Clock(), list[str]()
    with open_store(tmp_path / "store" / "leanopt.db") as store:
        watch = OpenedWatch(files, store.opened(files.same), said.append, every=60, clock=clock)
        clock.now = 61
        watch.tick()
        assert said == []
        edited.write_text("22")
        came.touch()
        clock.now = 119
        watch.tick()
        assert said == []
        clock.now = 122
        watch.tick()
        [text] = said
        assert f"during the run: {edited}, {came};" in text
        clock.now = 190
        watch.tick()
        assert len(said) == 1
    # A worker that opens it from now on depends on the new content.
    states(files, {str(edited): looked(edited)}, worker=2)
    assert files.changed() == []


def test_a_stored_set_is_looked_at_again_with_the_next_look(
    files: OpenedFiles, tmp_path: Path
) -> None:
    """Between two looks it is looked at once: most stored results have the same set."""
    side = tmp_path / "side.txt"
    side.write_text("1")
    one = OpenedSet.of(None, {"{build}/side.txt": hash_file(side)})
    clock = Clock()
    with open_store(tmp_path / "store" / "leanopt.db") as store:
        sets = store.opened(files.same)
        watch = OpenedWatch(files, sets, lambda _text: None, every=60, clock=clock)
        database = store.reader._database
        database.run("INSERT INTO opened VALUES (1, ?, NULL, ?)", (one.hash, one.files))
        assert sets.hold(1)
        side.write_text("2")
        watch.tick()
        assert sets.hold(1)
        clock.now = 61
        watch.tick()
        assert not sets.hold(1)
