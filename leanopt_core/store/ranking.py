"""The ranking in SQL, the same as `leanopt_core.scoring.rank_key`, as far as one search goes."""

from __future__ import annotations

from typing import Final

#: Sorts rows with `fitness`, `violation` and `direction`, the best first: feasible ones, those that
#: violate something, the rest. What comes out equal is to be sorted by search and number.
RANKED: Final = (
    "CASE WHEN violation > 0 THEN 1 WHEN fitness IS NOT NULL THEN 0 ELSE 2 END, "
    "CASE WHEN violation > 0 THEN violation WHEN direction = 'min' THEN fitness ELSE -fitness END"
)
