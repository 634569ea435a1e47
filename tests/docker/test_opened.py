"""What a strategy opens in a container: files of this machine count, those of the image do not."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path

FEW = ("--set", "stage.0.trials=4")


def test_a_file_beside_the_strategy(hill, leanopt) -> None:
    """By its place in the strategy's folder; a change of it is no answer from the store."""
    project: Path = hill()
    source = (project / "strategy.py").read_text()
    more = "open('/etc/hostname').read(); more = float(open(f'{HERE}/side.txt').read())"
    source = source.replace("    if x % 13", f"    {more}\n    if x % 13")
    source = source.replace("profit = 1 ", "profit = more ")
    (project / "strategy.py").write_text(f"import os\nHERE = os.path.dirname(__file__)\n{source}")
    side = project / "side.txt"
    side.write_text("1")
    hits = []
    for content in ("1", "5", "1"):
        side.write_text(content)
        leanopt(project, "run", "pipeline.toml", "--again", *FEW)
        document = json.loads(leanopt(project, "show", "--json").stdout)
        hits.append(document["backtests"]["from_cache"])
    assert hits == [0, 0, 4]
    with closing(sqlite3.connect(project / ".leanopt" / "leanopt.db")) as store:
        stored = [json.loads(files) for (files,) in store.execute("SELECT files FROM opened")]
    assert [list(files) for files in stored] == [["{build}/side.txt"]] * 2
