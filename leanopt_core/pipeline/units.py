"""Parse durations and sizes such as `"2min"`, `"1h30min"`, `"2GB"`, `"512MiB"`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from types import MappingProxyType
from typing import NewType

Seconds = NewType("Seconds", float)
"""A duration in seconds; usable as the type of a plugin's option."""

Bytes = NewType("Bytes", int)
"""A size in bytes; usable as the type of a plugin's option."""

DURATIONS: Mapping[str, Decimal] = MappingProxyType(
    {
        "ms": Decimal("0.001"),
        "s": Decimal(1),
        "min": Decimal(60),
        "h": Decimal(3600),
        "d": Decimal(86400),
    }
)
SIZES: Mapping[str, Decimal] = MappingProxyType(
    {
        "B": Decimal(1),
        **{f"{prefix}B": Decimal(1000**i) for i, prefix in enumerate("kMGT", 1)},
        **{f"{prefix}iB": Decimal(1024**i) for i, prefix in enumerate("KMGT", 1)},
    }
)
LONGEST = 3650 * DURATIONS["d"]
LARGEST = 1024 * SIZES["TiB"]

_PART = r"(\d{1,30}(?:\.\d{1,30})?)\s*([A-Za-z]+)"


def parse_seconds(value: str | float | Decimal) -> Seconds:
    """Return a duration in seconds; raises ValueError naming the units or the limits.

    Text is one or more numbers with units (ms, s, min, h, d); a number is in seconds. A duration
    is above 0 and at most 3650d.
    """
    seconds = _total(value, DURATIONS) if isinstance(value, str) else Decimal(value)
    if not 0 < seconds <= LONGEST:
        raise ValueError(f"must be > 0 and at most {LONGEST // DURATIONS['d']}d")
    return Seconds(float(seconds))


def parse_bytes(value: str | int) -> Bytes:
    """Return a size in bytes; raises ValueError naming the units or the limits.

    Text is a number with a unit: B, kB, MB, GB, TB (powers of 1000), KiB ... TiB (of 1024). A
    size is a whole number above 0 and at most 1024TiB.
    """
    size = _total(value, SIZES) if isinstance(value, str) else Decimal(value)
    if not 0 < size <= LARGEST:
        raise ValueError(f"must be > 0 and at most {LARGEST // SIZES['TiB']}TiB")
    if size != int(size):
        raise ValueError("expected a whole number of bytes")
    return Bytes(int(size))


def _total(text: str, units: Mapping[str, Decimal]) -> Decimal:
    if not re.fullmatch(rf"\s*(?:{_PART}\s*)+", text, re.ASCII):
        raise ValueError(f"expected a number with a unit: {', '.join(units)}")
    by_name = {unit.casefold(): factor for unit, factor in units.items()}
    total = Decimal(0)
    for number, unit in re.findall(_PART, text, re.ASCII):
        if unit.casefold() not in by_name:
            raise ValueError(f"expected one of the units {', '.join(units)}")
        total += Decimal(number) * by_name[unit.casefold()]
    return total
