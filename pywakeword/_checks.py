"""Checks of arguments: a wrong type is a `TypeError` that names the argument."""

from __future__ import annotations

from numbers import Integral, Real
from typing import NoReturn


def check_number(name: str, value: object) -> None:
    """Raise `TypeError` unless `value` is a number; a bool is none.

    An integer beyond the range of floats is a `ValueError`.
    """
    if isinstance(value, bool) or not isinstance(value, Real):
        raise TypeError(f"{name} must be a number, got {value!r}")
    try:
        float(value)
    except OverflowError:
        raise ValueError(f"{name} is out of range") from None


def check_integer(name: str, value: object) -> None:
    """Raise `TypeError` unless `value` is an integer; a bool is none."""
    if isinstance(value, bool) or not isinstance(value, Integral):
        raise TypeError(f"{name} must be an integer, got {value!r}")


def check_type(name: str, value: object, *kinds: type) -> None:
    """Raise `TypeError` unless `value` is of one of these classes."""
    if not isinstance(value, kinds):
        words = " or ".join(kind.__name__ for kind in kinds)
        raise TypeError(f"{name} must be a {words}, got {type(value).__name__}")


def check_optional(name: str, value: object, *kinds: type) -> None:
    """Raise `TypeError` unless `value` is None or of one of these classes."""
    if value is not None:
        check_type(name, value, *kinds)


def check_callable(name: str, value: object) -> None:
    """Raise `TypeError` unless `value` can be called."""
    if not callable(value):
        raise TypeError(f"{name} must be callable, got {type(value).__name__}")


def check_timeout(name: str, value: object) -> None:
    """Raise unless `value` is a positive number of seconds."""
    check_number(name, value)
    if not (isinstance(value, Real) and float(value) > 0):  # also refuses NaN
        raise ValueError(f"{name} must be positive, got {value!r}")


class NotCopied:
    """A stream: a shallow copy of it would share the audio and the results."""

    def __copy__(self) -> NoReturn:
        raise TypeError(f"a {type(self).__name__} is one stream and cannot be copied: make another")
