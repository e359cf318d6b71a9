"""Reads an audio source beside the session's other tasks."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator

from pywakeword.audio.pcm import as_pcm
from pywakeword.audio.source import AudioSource, PcmBlock


async def read_blocks(source: AudioSource, *, realtime: bool) -> AsyncIterator[PcmBlock]:
    """Yield the blocks of a source; with `realtime`, a thread waits for each of them."""
    blocks = iter(source)
    loop = asyncio.get_running_loop()
    while True:
        if realtime:
            block = await loop.run_in_executor(None, _next_block, blocks)
        else:
            block = _next_block(blocks)
            await asyncio.sleep(0)  # let other tasks run
        if block is None:
            return
        yield as_pcm(block)


def _next_block(blocks: Iterator[PcmBlock]) -> PcmBlock | None:
    return next(blocks, None)
