"""JSON of other machines and people: refuses doubtful objects, reads fields by type."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from typing import Any

Fault = Callable[[str, str], Exception]

_MAX_DEPTH = 16
_MAX_INTEGER = 2**63 - 1  # what the core takes
MAX_TEXT = 300  # characters of another machine's text that are shown


def load_json(text: bytes | str, **options: Any) -> Any:
    """Return the value; `ValueError` if it is no JSON, too deep, or has a key twice.

    Further options are those of `json.loads`.
    """
    try:
        return json.loads(text, object_pairs_hook=_all_different, **options)
    except RecursionError:
        raise ValueError("it is nested too deep") from None


def _all_different(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    values = dict(pairs)
    if len(values) != len(pairs):  # two readers could each take another one
        raise ValueError("a key occurs twice")
    return values


class Fields:
    """One JSON object, read field by field. Each error names the path of the field at fault.

    Parameters
    ----------
    values : object
        The value that was read from JSON. Anything but a dict is an error.
    fault : callable
        Makes the exception from a path and a message. The path of the whole document is "".
    path : str
        Path of this object, such as `stack.streamable_block`.

    Attributes
    ----------
    values : dict
        The object itself.
    path : str
        As given.
    """

    def __init__(self, values: Any, fault: Fault, path: str = "", *, depth: int = 0) -> None:
        if not isinstance(values, dict):
            raise fault(path, f"must be an object, got {_short(values)}")
        if depth > _MAX_DEPTH:
            raise fault(path, f"is nested more than {_MAX_DEPTH} deep")
        self.values = values
        self.path = path
        self._fault = fault
        self._depth = depth
        self._read: set[str] = set()

    def at(self, name: str) -> str:
        """Return the path of a field."""
        return f"{self.path}.{name}" if self.path else name

    def __contains__(self, name: str) -> bool:
        return name in self.values

    def names(self) -> list[str]:
        """Return the names of all fields, and count them as read."""
        self._read.update(self.values)
        return list(self.values)

    def wrong(self, name: str, message: str) -> Exception:
        """Make the exception for a field."""
        return self._fault(self.at(name), message)

    def get(
        self, name: str, kinds: type | tuple[type, ...], wanted: str, default: Any = None
    ) -> Any:
        """Return a field of one of these types. Without a default the field is required."""
        self._read.add(name)
        if name not in self.values:
            if default is None:
                raise self.wrong(name, "is missing")
            return default
        value = self.values[name]
        # bool is a subclass of int.
        if not isinstance(value, kinds) or (isinstance(value, bool) and kinds is not bool):
            raise self.wrong(name, f"must be {wanted}, got {_short(value)}")
        return value

    def string(self, name: str, default: str | None = None) -> str:
        """Return a string."""
        return str(self.get(name, str, "a string", default))

    def strings(self, name: str, default: tuple[str, ...] | None = None) -> tuple[str, ...]:
        """Return a list of strings."""
        values = self.get(name, (list, tuple), "a list of strings", default)
        if not all(isinstance(value, str) for value in values):
            raise self.wrong(name, "must be a list of strings")
        return tuple(values)

    def different_strings(self, name: str) -> tuple[str, ...]:
        """Return a list of at least one string, all different."""
        values = self.strings(name)
        if not values or len(set(values)) != len(values):
            raise self.wrong(name, "must be at least one string, and all different")
        return values

    def boolean(self, name: str, default: bool | None = None) -> bool:
        """Return true or false."""
        return bool(self.get(name, bool, "true or false", default))

    def integer(
        self,
        name: str,
        default: int | None = None,
        *,
        low: int | None = None,
        high: int | None = None,
    ) -> int:
        """Return a whole number within bounds."""
        value = int(self.get(name, int, "a whole number", default))
        if not -_MAX_INTEGER <= value <= _MAX_INTEGER:
            raise self.wrong(name, f"must fit in 64 bits, got {_short(value)}")
        self._check_bounds(name, value, low, high)
        return value

    def number(
        self,
        name: str,
        default: float | None = None,
        *,
        low: float | None = None,
        high: float | None = None,
    ) -> float:
        """Return a finite number within bounds."""
        value = self.get(name, (int, float), "a number", default)
        # NaN and infinities are not JSON, but Python reads them. An int may be too large for a
        # float, so it is compared before it is converted.
        if not abs(value) <= sys.float_info.max:
            raise self.wrong(name, f"must be finite, got {_short(value)}")
        self._check_bounds(name, value, low, high)
        return float(value)

    def section(self, name: str) -> Fields:
        """Return the object in a field."""
        value = self.get(name, dict, "an object")
        return Fields(value, self._fault, self.at(name), depth=self._depth + 1)

    def sections(self, name: str) -> list[Fields]:
        """Return the objects of a list."""
        values = self.get(name, list, "a list of objects")
        return [
            Fields(value, self._fault, f"{self.at(name)}[{i}]", depth=self._depth + 1)
            for i, value in enumerate(values)
        ]

    def finish(self) -> None:
        """Refuse fields that were not read."""
        unknown = [name for name in self.values if name not in self._read]
        if unknown:
            raise self.wrong(unknown[0], "is not a field that this build knows")

    def _check_bounds(self, name: str, value: float, low: float | None, high: float | None) -> None:
        if (low is None or value >= low) and (high is None or value <= high):
            return
        if low is not None and high is not None:
            wanted = f"from {low} to {high}"
        else:
            wanted = f"at least {low}" if low is not None else f"at most {high}"
        raise self.wrong(name, f"must be {wanted}, got {_short(value)}")


def field_fault(error: Callable[[str], Exception], document: str) -> Fault:
    """Return a `Fault` for an exception that takes one message.

    Parameters
    ----------
    error : callable
        Makes the exception.
    document : str
        What to call the whole document, such as "the card".
    """

    def fault(path: str, message: str) -> Exception:
        return error(f"field {path} {message}" if path else f"{document} {message}")

    return fault


def printable(text: str) -> str:
    """Return another machine's text as it may be logged: escaped, on one line, cut."""
    escaped = "".join(
        char if char.isprintable() else char.encode("unicode_escape").decode("ascii")
        for char in text[:MAX_TEXT]
    )
    return escaped if len(text) <= MAX_TEXT else f"{escaped}..."


def _short(value: Any) -> str:
    try:
        text = repr(value)
    except (ValueError, RecursionError):  # digits without end, or nested without end
        text = f"a {type(value).__name__} that is too large"
    return text if len(text) <= 60 else f"{text[:57]}..."
