"""What a running run has stored, as other programs see it."""

from __future__ import annotations

import sqlite3
from pathlib import Path


def told(project: Path) -> int:
    """Return how many trials the store says were told, 0 while there is no store."""
    path = project / ".leanopt" / "leanopt.db"
    if not path.exists():
        return 0
    connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    try:
        return int(connection.execute("SELECT coalesce(sum(told), 0) FROM searches").fetchone()[0])
    except sqlite3.OperationalError:  # its tables are being made
        return 0
    finally:
        connection.close()
