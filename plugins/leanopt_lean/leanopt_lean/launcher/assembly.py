"""Reads the version of a .NET assembly."""

from __future__ import annotations

import struct
from pathlib import Path

# How the fixed part of a Windows version resource begins; every compiler for .NET writes one.
_SIGNATURE = struct.pack("<II", 0xFEEF04BD, 0x00010000)
_VERSION = struct.Struct("<HHHH")


def assembly_version(file: Path) -> str:
    """Return the file version, as `2.5.0.0`; empty where the file has none or cannot be read."""
    try:
        _, found, rest = file.read_bytes().partition(_SIGNATURE)
    except OSError:
        return ""
    if not found or len(rest) < _VERSION.size:
        return ""
    minor, major, private, build = _VERSION.unpack_from(rest)
    return f"{major}.{minor}.{build}.{private}"
