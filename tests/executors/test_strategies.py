"""What a strategy's process may do: categorised, the others go on, nothing is left."""

from __future__ import annotations

from typing import Any

import pytest

from leanopt_core.work import Category

MIB = 2**20

DEEDS: dict[str, tuple[Category | None, str]] = {
    "hangs": (Category.TIMEOUT, "it ran for longer than 1 s"),
    "forks_and_hangs": (Category.TIMEOUT, "it ran for longer than 1 s"),
    "exits": (Category.DIED, "exit code 3"),
    "leaks": (Category.DIED, "memory limit of 200 MiB exceeded"),
    "child_leaks": (Category.DIED, "memory limit of 200 MiB exceeded"),
    "prints_much": (None, ""),
    "forks": (None, ""),
    "forks_and_exits": (Category.DIED, "exit code 0"),
}


@pytest.mark.alike(2)
@pytest.mark.parametrize("deed", DEEDS)
def test_it_is_categorised_and_the_others_go_on(bench: Any, deed: str) -> None:
    """And at the end nothing that it started is left."""
    category, message = DEEDS[deed]
    limit = 60.0 if category is not Category.TIMEOUT else 1.0
    rules = {"time_limit": limit, "memory_limit": 200 * MIB, "retries": 0}
    with bench.pool(workers=2, **rules) as pool:
        bad, *others = bench.ask(
            pool, bench.request(deed, "bad"), *(bench.request("good_", n) for n in range(4))
        )
        assert len(bench.left()) >= 2  # the look at what is left sees what is there
    assert bench.left() == []
    assert [one.answer.payload["nonce"] for one in others] == [0, 1, 2, 3]
    if category is None:
        assert bad.answer.payload["nonce"] == "bad"
    else:
        assert bad.failure.category is category
        assert bad.failure.message.startswith(message)


def test_of_what_a_worker_writes_to_standard_error_the_end_is_kept(bench: Any) -> None:
    """The message is bounded, whatever was printed."""
    with bench.pool(retries=0) as pool:
        (one,) = bench.ask(pool, bench.request("prints_much", 1, then="exits"))
    assert one.failure.message.endswith("\nabout to go")
    assert len(one.failure.message) < 70_000


def test_what_was_written_before_a_request_is_not_told_with_it(bench: Any) -> None:
    """Each failure tells of its own request only."""
    with bench.pool(retries=0) as pool:
        bench.ask(pool, bench.request("complains", "of old troubles"))
        (one,) = bench.ask(pool, bench.request("exits"))
    assert "of old troubles" not in one.failure.message
