"""Typed look-ups in JSON objects, for model cards and for what the verifier exchanges."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


class Fields:
    """One JSON object, read field by field; what is wrong is named by its path.

    Parameters
    ----------
    values : object
        What was read; anything but a dict is an error.
    where : str
        Path of the object with a trailing dot; empty for the whole document.
    error : callable
        Makes the exception from a message.
    document : str
        What to call the whole document.
    """

    def __init__(
        self,
        values: Any,
        where: str,
        error: Callable[[str], Exception],
        document: str = "the document",
    ) -> None:
        if not isinstance(values, dict):
            raise error(f"{where.rstrip('.') or document} must be a JSON object")
        self.values = values
        self.where = where
        self._error = error

    def get(self, name: str, kind: type | tuple[type, ...]) -> Any:
        """Return a field that must be there and of one of these types."""
        if name not in self.values:
            raise self._error(f"field {self.where}{name} is missing")
        value = self.values[name]
        if not isinstance(value, kind) or isinstance(value, bool):
            raise self.wrong(name, f"has the wrong type: {value!r}")
        return value

    def wrong(self, name: str, what: str) -> Exception:
        """Make the exception that says what is wrong with a field."""
        return self._error(f"field {self.where}{name} {what}")

    def section(self, name: str) -> Fields:
        """Return a field that is an object itself."""
        return Fields(self.get(name, dict), f"{self.where}{name}.", self._error)

    def string(self, name: str) -> str:
        """Return a string."""
        return str(self.get(name, str))

    def strings(self, name: str) -> tuple[str, ...]:
        """Return a list of strings."""
        values = self.get(name, list)
        if not all(isinstance(value, str) for value in values):
            raise self.wrong(name, "must be a list of strings")
        return tuple(values)

    def integer(self, name: str, minimum: int | None = None) -> int:
        """Return an integer."""
        value = int(self.get(name, int))
        if minimum is not None and value < minimum:
            raise self.wrong(name, f"must be at least {minimum}, got {value}")
        return value

    def number(self, name: str, maximum: float | None = None) -> float:
        """Return a number that is finite and not negative."""
        value = self.get(name, (int, float))
        # An int may be too large for a float: compare before converting.
        if not 0 <= value < float("inf"):
            raise self.wrong(name, "must be finite and not negative")
        if maximum is not None and value > maximum:
            raise self.wrong(name, f"must be at most {maximum:g}, got {value!r}")
        return float(value)
