"""Read rows from the pages of a SQLite file, past those that are damaged.

SQLite itself stops a query at the first damaged page. The format is documented and will not change:
https://www.sqlite.org/fileformat2.html
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Any, Final

from attrs import define, field, frozen

#: How many bytes a SQLite file's header has.
HEADER: Final = 100

# What a page is, by its first byte.
_TABLE_INTERIOR, _TABLE_LEAF, _INDEX_INTERIOR, _INDEX_LEAF = 5, 13, 2, 10
_INTERIOR = (_TABLE_INTERIOR, _INDEX_INTERIOR)
_KINDS = (*_INTERIOR, _TABLE_LEAF, _INDEX_LEAF)
_DAMAGE = (ValueError, IndexError, struct.error, OverflowError)
# Bytes of an integer, by its serial type.
_INTEGERS: Final = (0, 1, 2, 3, 4, 6, 8)
# The bit of a byte that says that another one follows.
_MORE: Final = 0x80
_REAL, _ZERO, _ONE, _BLOB, _TEXT = 7, 8, 9, 12, 13


@frozen
class Row:
    """A row of a table: its id, None in a table without row ids, and its stored values."""

    id: int | None
    values: tuple[Any, ...]


@define
class Losses:
    """What could not be read: rows of readable pages, and whole pages."""

    rows: int = 0
    pages: int = 0


@define(eq=False)
class Pages:
    """The pages of a SQLite file, numbered from 1. `visited` are those of trees that were read."""

    data: Any
    visited: set[int] = field(factory=set)
    size: int = field(init=False)
    _usable: int = field(init=False)

    def __attrs_post_init__(self) -> None:
        (size,) = struct.unpack_from(">H", self.data, 16)
        # 65,536 does not fit into the two bytes.
        self.size = size if size > 1 else 2**16
        self._usable = self.size - self.data[20]

    @property
    def count(self) -> int:
        """Return the number of whole pages."""
        return len(self.data) // self.size

    def tree(self, root: int, losses: Losses) -> Iterator[Row]:
        """Yield the rows of the tree with this root page; note what is lost."""
        waiting = [root]
        while waiting:
            page = waiting.pop()
            if page in self.visited or not 1 <= page <= self.count or not self._sound(page):
                losses.pages += 1
                continue
            self.visited.add(page)
            yield from self.rows(page, losses)
            waiting += reversed(self._children(page))

    def orphans(self) -> Iterator[int]:
        """Yield the leaves of no tree that was read: damage above has cut them off."""
        free = self._free()
        for page in range(2, self.count + 1):
            is_leaf = self.data[self._start(page)] in (_TABLE_LEAF, _INDEX_LEAF)
            if page not in self.visited and page not in free and is_leaf and self._sound(page):
                yield page

    def rows(self, page: int, losses: Losses) -> Iterator[Row]:
        """Yield the rows of one page; note those that cannot be decoded."""
        kind = self.data[self._start(page)]
        if kind == _TABLE_INTERIOR:
            return
        for at in self._cells(page):
            try:
                yield self._row(page, kind, at)
            except _DAMAGE:
                losses.rows += 1

    def _start(self, page: int) -> int:
        """Return where a page's own header begins."""
        return (page - 1) * self.size + (HEADER if page == 1 else 0)

    def _sound(self, page: int) -> bool:
        """Return whether a page's header can be one."""
        start, end = self._start(page), page * self.size
        kind, _, cells = struct.unpack_from(">BHH", self.data, start)
        return kind in _KINDS and start + 12 + 2 * cells <= end

    def _cells(self, page: int) -> list[int]:
        """Return where the cells of a page begin."""
        start = self._start(page)
        kind, _, cells = struct.unpack_from(">BHH", self.data, start)
        header = 12 if kind in _INTERIOR else 8
        found = struct.unpack_from(f">{cells}H", self.data, start + header)
        return [(page - 1) * self.size + offset for offset in found]

    def _children(self, page: int) -> list[int]:
        start = self._start(page)
        if self.data[start] not in _INTERIOR:
            return []
        places = [at for at in self._cells(page) if at + 4 <= len(self.data)]
        return [struct.unpack_from(">I", self.data, at)[0] for at in (*places, start + 8)]

    def _row(self, page: int, kind: int, at: int) -> Row:
        end = page * self.size
        if kind == _INDEX_INTERIOR:
            at += 4
        length, at = _varint(self.data, at)
        row_id = None
        if kind == _TABLE_LEAF:
            row_id, at = _varint(self.data, at)
        if not 0 < length <= len(self.data):
            raise ValueError("a row is longer than the file")
        local = self._local(kind, length)
        if at + local > end:
            raise ValueError("a row ends outside its page")
        payload = bytes(self.data[at : at + local])
        if local < length:
            payload += self._overflow(
                struct.unpack_from(">I", self.data, at + local)[0], length - local
            )
        return Row(row_id, _record(payload))

    def _local(self, kind: int, length: int) -> int:
        """Return how many bytes of a row are in the tree's own page."""
        usable = self._usable
        most = usable - 35 if kind == _TABLE_LEAF else (usable - 12) * 64 // 255 - 23
        if length <= most:
            return length
        least = (usable - 12) * 32 // 255 - 23
        rest = least + (length - least) % (usable - 4)
        return rest if rest <= most else least

    def _overflow(self, page: int, length: int) -> bytes:
        """Return the rest of a row, which is on a chain of pages."""
        found = bytearray()
        while len(found) < length:
            if not 1 < page <= self.count:
                raise ValueError("a chain of pages is broken")
            start = (page - 1) * self.size
            found += self.data[start + 4 : start + self._usable]
            (page,) = struct.unpack_from(">I", self.data, start)
        if page and len(found) - length >= self._usable:
            raise ValueError("a chain of pages is too long")
        return bytes(found[:length])

    def _free(self) -> set[int]:
        """Return the pages that hold what was deleted, as far as that can be read."""
        found: set[int] = set()
        (trunk,) = struct.unpack_from(">I", self.data, 32)
        while 1 < trunk <= self.count and trunk not in found:
            found.add(trunk)
            following, count = struct.unpack_from(">II", self.data, (trunk - 1) * self.size)
            count = min(count, self._usable // 4 - 2)
            leaves = struct.unpack_from(f">{count}I", self.data, (trunk - 1) * self.size + 8)
            found.update(leaves)
            trunk = following
        return found


def _varint(data: Any, at: int) -> tuple[int, int]:
    """Return a number of one to nine bytes, signed, and where it ends."""
    value = 0
    for position in range(8):
        byte = data[at + position]
        value = value << 7 | byte & ~_MORE
        if not byte & _MORE:
            return value, at + position + 1
    value = value << 8 | data[at + 8]
    return value - 2**64 if value >= 2**63 else value, at + 9


def _record(payload: bytes) -> tuple[Any, ...]:
    """Return a row's values; raises ValueError unless they fill the payload."""
    header, at = _varint(payload, 0)
    kinds = []
    while at < header:
        kind, at = _varint(payload, at)
        kinds.append(kind)
    if at != header:
        raise ValueError("a row's header is damaged")
    values = []
    for kind in kinds:
        value, at = _value(payload, kind, at)
        values.append(value)
    if at != len(payload):
        raise ValueError("a row's length is damaged")
    return tuple(values)


def _value(payload: bytes, kind: int, at: int) -> tuple[Any, int]:
    """Return a value of a serial type, and where it ends."""
    if kind in (_ZERO, _ONE):
        return kind - _ZERO, at
    if kind == _REAL:
        return struct.unpack_from(">d", payload, at)[0], at + 8
    if 0 <= kind < len(_INTEGERS):
        end = at + _INTEGERS[kind]
        return int.from_bytes(payload[at:end], "big", signed=True) if kind else None, end
    if kind < _BLOB:
        raise ValueError("no such type")
    end = at + (kind - _BLOB) // 2
    part = payload[at:end]
    return (part.decode() if kind % 2 else part), end
