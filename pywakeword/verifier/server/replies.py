"""Remembers replies for a short while, so that a retry is not scored again."""

from __future__ import annotations

import asyncio
import hashlib
from collections import OrderedDict
from collections.abc import Awaitable, Callable

from pywakeword.errors import VerifierRefusedError
from pywakeword.verifier.contract import Reply


class RecentReplies:
    """The replies to the newest requests, by request id. Holds digests, no audio.

    Parameters
    ----------
    capacity : int
        How many are remembered.
    """

    def __init__(self, capacity: int = 1024) -> None:
        self._capacity = capacity
        self._replies: OrderedDict[str, tuple[bytes, asyncio.Task[Reply]]] = OrderedDict()

    async def get(
        self, request_id: str, body: bytes, make: Callable[[], Awaitable[Reply]]
    ) -> Reply:
        """Return the reply to this request, made once; failures are not remembered.

        Raises
        ------
        VerifierRefusedError
            If another request had that id.
        """
        digest = hashlib.sha256(body).digest()
        known = self._replies.get(request_id)
        if known is None:
            task = asyncio.ensure_future(_await(make))
            self._replies[request_id] = (digest, task)
            if len(self._replies) > self._capacity:
                self._replies.popitem(last=False)
        else:
            known_digest, task = known
            if known_digest != digest:
                raise VerifierRefusedError(
                    409, "request_id_reused", f"request_id {request_id} was another request's"
                )
        try:
            # A client that goes away must not take the reply from its own retry.
            return await asyncio.shield(task)
        except Exception:
            self._replies.pop(request_id, None)
            raise


async def _await(make: Callable[[], Awaitable[Reply]]) -> Reply:
    return await make()
