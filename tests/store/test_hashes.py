"""Hashes of files: right at all times, and remembered where that is safe."""

from __future__ import annotations

import os
import time
from hashlib import sha256

import pytest

from leanopt_core.content import hash_data
from leanopt_core.store.store import open_store


@pytest.fixture
def later(path):
    """A store in whose view every file has rested for a minute."""
    with open_store(path, clock=lambda: time.time() + 60) as store:
        yield store


@pytest.fixture
def file(tmp_path):
    """Return a small data file."""
    found = tmp_path / "SPY.csv"
    found.write_bytes(b"2024-01-02,470")
    return found


def digest(text: bytes) -> str:
    """Return the SHA-256 in hexadecimal."""
    return sha256(text).hexdigest()


def test_a_file_is_hashed_and_remembered(later, file, look):
    """A file is hashed and remembered."""
    assert later.hash_file(file) == digest(b"2024-01-02,470")
    assert look("SELECT path, sha256 FROM file_hashes") == [(str(file), digest(b"2024-01-02,470"))]


def test_a_remembered_hash_answers_until_the_file_changes(later, file):
    """A remembered hash answers until the file changes."""
    later.hash_file(file)
    later._database.run("UPDATE file_hashes SET sha256 = 'remembered'")
    assert later.hash_file(file) == "remembered"
    before = file.stat()
    file.write_bytes(b"2024-01-02,471")  # as long as before
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert later.hash_file(file) == digest(b"2024-01-02,471")


def test_another_file_in_its_place_is_another(later, file, tmp_path):
    """Another file in its place is another."""
    later.hash_file(file)
    later._database.run("UPDATE file_hashes SET sha256 = 'remembered'")
    copy = tmp_path / "copy"
    copy.write_bytes(b"2024-01-02,470")
    stat = file.stat()
    os.utime(copy, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    copy.replace(file)
    assert later.hash_file(file) == digest(b"2024-01-02,470")


def test_a_file_that_changed_just_now_is_not_remembered(path, file, look):
    """A file that changed just now is not remembered."""
    with open_store(path) as store:
        assert store.hash_file(file) == digest(b"2024-01-02,470")
    assert look("SELECT * FROM file_hashes") == []


def test_names_for_one_file_share_its_hash(later, file, tmp_path, monkeypatch, look):
    """Names for one file share its hash."""
    (tmp_path / "link").symlink_to(file)
    monkeypatch.chdir(tmp_path)
    later.hash_file(file.relative_to(tmp_path))
    later.hash_file(tmp_path / "link")
    assert look("SELECT path FROM file_hashes") == [(str(file),)]


def test_it_serves_the_identity_of_data(later, file, tmp_path):
    """It serves as the hash that the identity of data is made with."""
    folder = tmp_path / "data"
    (folder / "daily").mkdir(parents=True)
    file.rename(folder / "daily" / "spy.csv")
    assert hash_data(folder, later.hash_file) == hash_data(folder)
    assert hash_data(folder, hashed=later.hash_file) == hash_data(folder)


def test_a_missing_file(later, tmp_path):
    """A missing file raises what reading it raises."""
    with pytest.raises(FileNotFoundError):
        later.hash_file(tmp_path / "nothing")
