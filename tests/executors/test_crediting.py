"""Whatever harnesses do, and in whatever order: no request gets another's answer."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

GOOD = ("good_", "split", "prints")
# These leave their own request answered, and may cost the one that comes after it an attempt.
SPOILING = ("twice", "twice_late", "ahead", "dies_after")
BROKEN = (
    *(
        "wrong_id",
        "wrong_then_right",
        "counted_id",
        "null_id",
        "earlier_id",
        "not_utf8",
        "not_json",
    ),
    *("status", "half", "exits", "crashes"),
)

behaviours = st.lists(st.sampled_from((*GOOD, *SPOILING, *BROKEN)), min_size=1, max_size=12)


@pytest.mark.long
@pytest.mark.slow
@settings(
    max_examples=10,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    behaviours=behaviours,
    once=st.booleans(),
    workers=st.integers(1, 3),
    retries=st.integers(0, 2),
    recycle_after=st.none() | st.integers(1, 3),
)
def test_each_good_answer_echoes_its_own_nonce(
    bench: Any,
    behaviours: list[str],
    once: bool,
    workers: int,
    retries: int,
    recycle_after: int | None,
) -> None:
    """Each request ends once, with its own answer or a failure that it may have."""
    with bench.pool(workers=workers, retries=retries, recycle_after=recycle_after) as pool:
        requests = [
            bench.request(do, f"{number} {do}", **({"once": bench.once()} if once else {}))
            for number, do in enumerate(behaviours)
        ]
        finished = bench.ask(pool, *requests)
    assert [one.ticket for one in finished] == list(range(len(behaviours)))
    for one, do in zip(finished, behaviours, strict=True):
        assert (one.answer is None) != (one.failure is None)
        assert 1 <= one.attempts <= retries + 1
        if one.answer is not None:
            assert one.answer.payload["nonce"] == f"{one.ticket} {do}"
            assert do not in BROKEN or (once and one.attempts > 1)
        else:
            # A failure is the request's own doing, or every attempt fell to a spoilt worker.
            assert one.attempts == retries + 1
            assert do in BROKEN or set(behaviours) & set(SPOILING)
    assert bench.left() == []
