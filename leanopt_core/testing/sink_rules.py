"""What the guide and the contracts say of sinks, for the messages of failed tests."""

from __future__ import annotations

from typing import Final

RAISES: Final = (
    "If a sink raises, leanopt warns with its name and distribution and stops calling it"
)
WRITES: Final = (
    "Each trial, completed or failed, leaves something that can be read back when `finish` returns"
)
BUILDING: Final = "building must not touch files"
RESUMED: Final = (
    "a sink starts again with `resumed` true and gets every trial from the first: it replaces what "
    "it wrote"
)
TAKEN: Final = "A call counts as taken when it returns, so write through before that"
BESIDE: Final = "it builds a sink for each file and gives it the records of that search or symbol"
FROZEN: Final = "You may keep them, but never change them, nor a mapping inside one"
