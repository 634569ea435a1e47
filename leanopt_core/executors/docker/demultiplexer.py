"""Standard output and standard error, which the engine sends as one stream of frames."""

from __future__ import annotations

from attrs import define

from leanopt_core.executors.base import Chunk

# A frame: the stream's number, three bytes of nothing, the size, then so many bytes.
_HEADER, _ERRORS = 8, 2


@define
class Demultiplexer:
    """Takes frames apart as they come, in pieces of any size. Every byte is copied once."""

    _header: bytes = b""
    _left: int = 0

    def feed(self, data: bytes) -> Chunk:
        """Return what these bytes hold of each stream."""
        out: list[bytes] = []
        errors: list[bytes] = []
        at = 0
        while at < len(data):
            if not self._left:
                piece = data[at : at + _HEADER - len(self._header) % _HEADER]
                at += len(piece)
                self._take(piece)
                continue
            piece = data[at : at + self._left]
            at += len(piece)
            self._left -= len(piece)
            (errors if self._header[0] == _ERRORS else out).append(piece)
        return Chunk(b"".join(out), b"".join(errors))

    def _take(self, piece: bytes) -> None:
        """Go on with a header."""
        whole = len(self._header) == _HEADER
        self._header = piece if whole else self._header + piece
        if len(self._header) == _HEADER:
            self._left = int.from_bytes(self._header[4:], "big")
