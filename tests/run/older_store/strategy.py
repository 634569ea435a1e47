"""Statistics by formula; it fails at some points and trades too little at others."""

from leanopt_harness import Result, backtest


@backtest
def run(parameters, scenario):  # noqa: ANN201
    """Return what was reached; every seventh `fast` raises."""
    fast, slow = parameters["fast"], parameters["slow"]
    if fast % 7 == 0:
        raise ValueError(f"fast is {fast}")
    return Result(
        statistics={
            "Sharpe Ratio": 2 - abs(fast - 12) / 10 - abs(slow - 35) / 30,
            "Total Orders": 4 if slow == 60 else 10 + fast,
        }
    )
