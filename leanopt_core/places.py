"""Where things lie in a project's folder."""

from __future__ import annotations

from pathlib import Path

#: Everything that leanopt writes beside a pipeline.
STATE = Path(".leanopt")
STORE = STATE / "leanopt.db"
LOCKS = STATE / "locks"
