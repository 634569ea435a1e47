"""The ranking in SQL, the same as `leanopt_core.scoring.rank_key`: feasible, violating, the rest."""

from __future__ import annotations

from typing import Final

#: Sorts rows with `fitness`, `violation`, `direction` and the trial's `number`, the best first.
RANKED: Final = (
    "CASE WHEN violation > 0 THEN 1 WHEN fitness IS NOT NULL THEN 0 ELSE 2 END, "
    "CASE WHEN violation > 0 THEN violation WHEN direction = 'min' THEN fitness ELSE -fitness END"
)
