"""Refuses documents whose figures cannot be relied on: wrong types, counts, decimal commas."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final

from leanopt_core.statistics import Statistics, number

# A number as .NET writes it where the comma is the decimal point: `0,25`, `12,5 %`, `1.039,25`.
_DECIMAL_COMMA: Final = re.compile(
    r"[+-]?[^\w\s.,%]?\s?[+-]?(?:[0-9]{1,3}(?:[.'\u2019\s][0-9]{3})+|[0-9]+),[0-9]+(?:\s?[^\w\s.,])?"
)


def check_figures(document: Mapping[str, object]) -> None:
    """Raise ValueError, which names the key, where a figure is none or is ambiguous.

    `-1,039` is minus a thousand as LEAN writes it and minus one where commas are decimal points.
    What other texts of the document show decides.
    """
    ambiguous = foreign = None
    for path, name, value in _figures(document, ""):
        if isinstance(value, bool):
            found = str(value).lower()
            raise ValueError(f"'{path}{name}' is {found}: expected a number or a text")  # noqa: TRY004
        if isinstance(value, str) and "," in value:
            if ambiguous is None and _is_ambiguous(value):
                ambiguous = f"{path}{name}", value
            elif foreign is None and _is_foreign(value):
                foreign = f"{path}{name}", value
    if ambiguous and foreign:
        raise ValueError(
            f"'{ambiguous[0]}' is '{ambiguous[1]}' beside '{foreign[0]}' with '{foreign[1]}': "
            "is this comma a decimal point? Expected decimal points, as .NET writes them "
            "with LC_ALL=C.UTF-8"
        )


def check_orders(statistics: Statistics) -> None:
    """Raise ValueError where the number of orders is no count."""
    orders = statistics.total_orders
    if orders is not None and (orders < 0 or orders != int(orders)):
        raise ValueError(f"'Total Orders' is {orders:g}: expected a whole number, 0 or more")


def _figures(section: Mapping[str, object], path: str) -> Iterator[tuple[str, str, object]]:
    """Yield the path of each figure's section, its name, and the figure."""
    for name, value in section.items():
        # Asking whether something is a Mapping is slow, and most figures are numbers or texts.
        if not isinstance(value, str | int | float) and isinstance(value, Mapping):
            yield from _figures(value, f"{path}{name}.")
        else:
            yield path, name, value


def _is_ambiguous(text: str) -> bool:
    return text.count(",") == 1 and "." not in text and number(text) is not None


def _is_foreign(text: str) -> bool:
    return number(text) is None and _DECIMAL_COMMA.fullmatch(text.strip()) is not None
