"""Conformance kits: pytest base classes that test a plugin against its contract.

Inherit from the class for your kind, override its fixture, and pytest runs the whole contract.
Needs pytest and hypothesis: `pip install 'leanopt-core[testing]'`.
"""

from __future__ import annotations

import pytest

# Before the kits are imported, so that failed assertions show their values.
pytest.register_assert_rewrite(
    *(
        f"leanopt_core.testing.{module}"
        for module in (
            *("stage", "searching", "fitness", "judging", "channel", "executor", "lines"),
            *("sink", "telling", "engine", "preparing"),
        )
    )
)

from leanopt_core.search.commands import StageRule  # noqa: E402
from leanopt_core.testing.driving import Search, drive  # noqa: E402 - after the registration
from leanopt_core.testing.engine import EngineContract  # noqa: E402
from leanopt_core.testing.executor import ExecutorContract  # noqa: E402
from leanopt_core.testing.fitness import FitnessContract  # noqa: E402
from leanopt_core.testing.sink import SinkContract  # noqa: E402
from leanopt_core.testing.stage import StageContract  # noqa: E402

__all__ = [
    "EngineContract",
    "ExecutorContract",
    "FitnessContract",
    "Search",
    "SinkContract",
    "StageContract",
    "StageRule",
    "drive",
]
