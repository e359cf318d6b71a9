"""Limits how much is served at one time, for everybody and for one address."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from pywakeword.errors import VerifierUnavailableError


class Slots:
    """Places that requests or streams take while they are served.

    Parameters
    ----------
    total, per_address : int
        Most taken at one time, and most taken by one address.
    what : str
        What takes a place, for the error's message.
    """

    def __init__(self, total: int, per_address: int, what: str) -> None:
        self._total = total
        self._per_address = per_address
        self._what = what
        self._n_taken = 0
        self._by_address: Counter[str] = Counter()

    @contextmanager
    def take(self, address: str) -> Iterator[None]:
        """Hold a place; `VerifierUnavailableError` "busy" if there is none."""
        if self._n_taken >= self._total or self._by_address[address] >= self._per_address:
            raise VerifierUnavailableError(
                "busy", f"too many {self._what} are served already", retry_after_s=1.0
            )
        self._n_taken += 1
        self._by_address[address] += 1
        try:
            yield
        finally:
            self._n_taken -= 1
            self._by_address[address] -= 1
            if not self._by_address[address]:
                del self._by_address[address]
