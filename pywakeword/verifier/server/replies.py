"""Keeps recent replies, so that a retry is not scored again."""

from __future__ import annotations

import asyncio
import hashlib
from collections import OrderedDict
from collections.abc import Awaitable, Callable

from pywakeword.errors import VerifierRefusedError
from pywakeword.verifier.contract import Reply


class RecentReplies:
    """Replies to the newest requests, by request id. Keeps digests, no audio.

    Parameters
    ----------
    capacity : int
        Number of replies to keep.
    """

    def __init__(self, capacity: int = 1024) -> None:
        self._capacity = capacity
        self._replies: OrderedDict[str, tuple[bytes, asyncio.Task[Reply]]] = OrderedDict()

    async def get(
        self, request_id: str, body: bytes, make: Callable[[], Awaitable[Reply]]
    ) -> Reply:
        """Return the reply to a request, and make it only once. Failures are not kept.

        Raises
        ------
        VerifierRefusedError
            If another request had the same id.
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
                    409, "request_id_reused", f"request_id {request_id} was used by another request"
                )
        try:
            # A client that disconnects must not cancel the reply that its retry will need.
            return await asyncio.shield(task)
        except Exception:
            self._replies.pop(request_id, None)
            raise


async def _await(make: Callable[[], Awaitable[Reply]]) -> Reply:
    return await make()
