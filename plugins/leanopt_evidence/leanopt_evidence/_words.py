"""Numbers for people: rounded, with their unit."""

from __future__ import annotations


def figure(value: float) -> str:
    """Return a number with two digits after the point, small ones with two digits that count."""
    text = f"{value:.2f}" if abs(value) >= 0.1 or value == 0 else f"{value:.2g}"  # noqa: PLR2004
    return "0" if text in ("-0.00", "0.00") else text


def percent(share: float) -> str:
    """Return a share as per cent: never 0% or 100% of what is not."""
    text = f"{100 * share:.1f}".removesuffix(".0")
    if text in ("0", "-0") and share != 0:
        return "under 0.1%"
    return "over 99.9%" if text == "100" and share < 1 else f"{text}%"


def probability(value: float) -> str:
    """Return a probability, never as certain if it is not."""
    if 0 < value < 0.001:  # noqa: PLR2004
        return "< 0.001"
    if 0.999 < value < 1:  # noqa: PLR2004
        return "> 0.999"
    return f"{value:.3f}"


def plural(count: float, noun: str) -> str:
    """Return a whole number of things."""
    return f"{count:,.0f} {noun}" if round(count) == 1 else f"{count:,.0f} {noun}s"
