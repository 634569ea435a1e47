"""Opening: a file of the store's own, and every other one refused with what to do."""

from __future__ import annotations

import errno
import multiprocessing
import os
import sqlite3
import tempfile
from contextlib import closing
from pathlib import Path

import pytest

from leanopt_core.errors import StoreError
from leanopt_core.store.database import PATIENCE
from leanopt_core.store.opening import open_database
from leanopt_core.store.schema import MIGRATIONS
from leanopt_core.store.store import open_store


def test_a_store_is_made_with_its_folder_and_found_again(path, begin):
    """A store is made with its folder and found again."""
    with open_store(path) as store:
        name = begin(store).run.name
    with open_store(path, create=False) as store:
        assert store.runs.find().name == name


def test_an_open_store_is_migrated_once(path):
    """An open store is migrated once."""
    for _ in range(2):
        open_store(path).close()
    connection = sqlite3.connect(path)
    applied = connection.execute("SELECT name FROM _sqlite_migrations ORDER BY id").fetchall()
    assert applied == [(name,) for name, _ in MIGRATIONS]
    connection.close()


@pytest.mark.parametrize(("durability", "synchronous"), [("process", 1), ("power", 2)])
def test_durability_decides_when_the_disk_is_waited_for(path, durability, synchronous):
    """Durability decides when the disk is waited for."""
    database = open_database(path, durability=durability)
    pragmas = {
        name: database.row(f"PRAGMA {name}")
        for name in ("synchronous", "journal_mode", "foreign_keys")
    }
    database.close()
    assert pragmas == {
        "synchronous": (synchronous,),
        "journal_mode": ("wal",),
        "foreign_keys": (1,),
    }


def test_a_missing_store(path):
    """A missing store is not made where none is to be made."""
    with pytest.raises(StoreError) as caught:
        open_store(path, create=False)
    assert str(caught.value) == f"{path}: there is no store yet; `leanopt run` creates one"
    assert not path.parent.exists()


def test_a_file_that_is_no_database(path):
    """A file that is no database is refused and left alone."""
    path.parent.mkdir()
    path.write_text("symbol,close\n" * 100)
    with pytest.raises(StoreError, match=r"this is not a SQLite file\. If it was a store"):
        open_store(path)
    assert path.read_text().startswith("symbol")


def test_a_database_of_another_program_is_left_as_it_was(path):
    """A database of another program is left as it was."""
    path.parent.mkdir()
    other = sqlite3.connect(path)
    other.execute("CREATE TABLE notes (text TEXT)")
    other.close()
    before = path.read_bytes()
    with pytest.raises(StoreError, match="SQLite file of another program, not a leanopt store"):
        open_store(path)
    assert path.read_bytes() == before


def test_a_store_of_a_newer_leanopt(path):
    """A store of a newer leanopt is refused by the changes that it has."""
    open_store(path).close()
    newer = sqlite3.connect(path)
    newer.execute(
        "INSERT INTO _sqlite_migrations (migration_set, name, applied_at) "
        "VALUES ('leanopt', 'of 2030', '2030-01-01')"
    )
    newer.commit()
    newer.close()
    with pytest.raises(
        StoreError, match=r"newer leanopt \(it has the migrations of 2030\); update"
    ):
        open_store(path)


def test_a_damaged_store(path):
    """A damaged store says how to recover what can be read."""
    open_store(path).close()
    with path.open("r+b") as file:
        file.seek(100)
        file.write(b"\xa5" * 3000)
    with pytest.raises(StoreError, match="the store is damaged; recover what is readable into a"):
        open_store(path)


def test_a_folder_that_cannot_be_made(tmp_path):
    """A folder that cannot be made is an error about rights."""
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="its folder cannot be created"):
        open_store(tmp_path / "file" / "leanopt.db")


def _complaint(path: Path, answer, read_only: bool) -> None:
    if os.getuid() == 0:
        os.setuid(65534)  # root may write everywhere
    try:
        open_store(path, read_only=read_only).close()
    except StoreError as error:
        answer.send(str(error))
    else:
        answer.send("opened")


@pytest.mark.parametrize("read_only", [False, True])
def test_a_store_that_cannot_be_written(read_only):
    """It is an error about rights, unless it is only read."""
    processes = multiprocessing.get_context("fork")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "leanopt.db"
        open_store(path).close()
        path.chmod(0o444)
        Path(folder).chmod(0o555)
        answer, end = processes.Pipe()
        child = processes.Process(target=_complaint, args=(path, end, read_only))
        child.start()
        found = answer.recv()
        child.join()
        Path(folder).chmod(0o755)
    if read_only:
        assert found == "opened"
        return
    assert found.startswith(
        f"{path}: the store cannot be opened or written; check the permissions of"
    )


def test_a_lock_is_waited_for_and_then_named(path):
    """By reading, writing and opening; 60 seconds unless another time is given."""
    with open_store(path), closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        database = open_database(path, patience=0.02)
        waits = rf"{path}: another process has locked the store for 0.02 seconds; stop it, or try"
        with pytest.raises(StoreError, match=waits), database.transaction():
            pass
        other.execute("ROLLBACK")
        with database.transaction():
            assert database.patience == 0.02
        database.close()
    assert PATIENCE == 60


def test_damage_at_the_beginning_is_told_from_another_file(path):
    """Both are named; the command to recover is given, with the project's folder."""
    open_store(path).close()
    with path.open("r+b") as file:
        file.write(b"\xa5" * 50)
    with pytest.raises(StoreError, match="If it was a store, its beginning is damaged") as caught:
        open_store(path)
    assert f"leanopt store recover -C {path.parent.parent}" in str(caught.value)


def test_a_store_without_one_of_its_tables(path):
    """It opens as a database does, but leanopt says what is lost."""
    open_store(path).close()
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("DROP TABLE sinks")
    for read_only in (False, True):
        with pytest.raises(StoreError, match=r"the store is damaged; .* \(it has no table sinks\)"):
            open_store(path, read_only=read_only)


def test_a_full_disk_keeps_what_was_committed(path, process):
    """A full disk keeps what was committed."""
    # A limit on the file's size is what a full disk is to one process.
    child = process(
        path,
        """
        import resource
        from leanopt_core.errors import StoreError
        with open_store(Path(sys.argv[1])) as store:
            run = begin(store)
            writer = store.writer(run)
            resource.setrlimit(resource.RLIMIT_FSIZE, (400_000, 400_000))
            for number in range(1, 100_000):
                tell(run, writer, number, sha256(b"%d" % number).hexdigest())
                try:
                    writer.commit()
                except StoreError as error:
                    print(number - 1, error, flush=True)
                    break
        """,
    )
    committed, message = child.communicate()[0].split(" ", 1)
    assert message.startswith(f"{path}: the disk ")
    assert os.strerror(errno.EFBIG) not in message
    with open_store(path) as store:
        assert [s.told for s in store.runs.find().searches] == [int(committed)]
