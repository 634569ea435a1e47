"""What the options can be held to without any machine: texts that Docker would refuse later."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from attrs import Attribute

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_RIGHTS = re.compile(r"[rwm]*")
# As Docker has it: https://pkg.go.dev/github.com/distribution/reference
_HOST = r"(?:[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?|\[[0-9A-Fa-f:]+\])(?::[0-9]+)?/"
_PART = r"[a-z0-9]+(?:(?:\.|__?|-+)[a-z0-9]+)*"
_DIGEST = r"[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9A-Fa-f]{32,}"
_IMAGE = re.compile(
    rf"(?P<name>(?:{_HOST})?{_PART}(?:/{_PART})*)"
    rf"(?::[A-Za-z0-9_][A-Za-z0-9_.-]{{0,127}})?(?:@{_DIGEST})?"
)
_LONGEST_NAME = 255


def image(_: object, __: Attribute[Any], text: str) -> None:
    """Raise ValueError for what can be no image's name or id."""
    found = _IMAGE.fullmatch(text)
    if found is None or len(found["name"]) > _LONGEST_NAME:
        raise ValueError(f'must be as "python:3.13-slim", which "{text[:100]}" is not')


def mounts(_: object, __: Attribute[Any], texts: tuple[str, ...]) -> None:
    """Raise ValueError for mounts that are none, or lie where nothing can, or twice there."""
    taken = dict[str, str]()
    for text in texts:
        source, _sep, rest = text.partition(":")
        target, _sep, mode = rest.partition(":")
        if not source or not target.startswith("/") or mode not in ("", "ro", "rw"):
            raise ValueError(f'each must be "FOLDER:/PLACE" or "FOLDER:/PLACE:rw", not "{text}"')
        place = _free_place(target, text)
        if place in taken:
            raise ValueError(f'"{taken[place]}" and "{text}" lie on one place')
        taken[place] = text


def devices(_: object, __: Attribute[Any], texts: tuple[str, ...]) -> None:
    """Raise ValueError for devices that can be none."""
    for text in texts:
        device, _sep, rest = text.partition(":")
        target, _sep, rights = rest.partition(":")
        wrong = not device.startswith("/dev/") or (target and not target.startswith("/"))
        if wrong or not _RIGHTS.fullmatch(rights):
            raise ValueError(f'each must be as "/dev/nvidia0" or "/dev/a:/dev/b:r", not "{text}"')
        _free_place(target or device, text)
        _free_place(device, text)


def environment(_: object, __: Attribute[Any], variables: Mapping[str, str]) -> None:
    """Raise ValueError for variables that no process can have."""
    for name, value in variables.items():
        if not _NAME.fullmatch(name):
            raise ValueError(f'"{name}" is no name of a variable')
        if "\0" in value:
            raise ValueError(f"the value of {name} has a NUL character in it")


def place_of(target: str) -> str:
    """Return the one way to write a place inside a container."""
    return "/" + "/".join(part for part in target.split("/") if part not in ("", "."))


def _free_place(target: str, text: str) -> str:
    """Return the place that `target` means; raises ValueError where nothing can be put there."""
    place = place_of(target)
    if "\0" in text or ".." in place.split("/"):
        raise ValueError(f'{text!r:.100} leads through ".." or has a NUL character in it')
    if f"{place}/".startswith("/leanopt/"):
        raise ValueError(f'/leanopt is leanopt\'s own place, and "{text}" lies there')
    if place in ("/", "/dev") or f"{place}/".startswith("/proc/"):
        raise ValueError(f'nothing can be put on {place} in a container, as "{text}" would')
    return place
