"""An addon as a back end."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator

from pywakeword._async import within
from pywakeword.errors import BlockError, PhonesError, ServiceRefusedError
from pywakeword.tts.addon import Addon
from pywakeword.tts.backends.base import DEFAULT_TIMEOUT_S, Backend
from pywakeword.tts.prosody.reference import ProsodyReference
from pywakeword.tts.speech import AudioChunk, Prosody, Voice
from pywakeword.tts.text.letters import check_english


class AddonBackend(Backend):
    """Speaks with a loaded addon, on a thread of this process.

    Parameters
    ----------
    addon : Addon
        From `Addon.load`.
    timeout_s : float
        Longest wait for the next audio.
    reference : ProsodyReference, optional
        Prosody for every text; each text must be that of the recording.
    """

    name = "addon"
    by_segments = True

    def __init__(
        self,
        addon: Addon,
        *,
        timeout_s: float = DEFAULT_TIMEOUT_S,
        reference: ProsodyReference | None = None,
    ) -> None:
        super().__init__(timeout_s=timeout_s)
        self._addon = addon
        self._reference = reference

    async def speak(
        self, text: str, voice: Voice, prosody: Prosody
    ) -> AsyncGenerator[AudioChunk, None]:
        """Speak one text in chunks of 100 ms."""
        if voice.name not in (None, self._addon.manifest.name):
            raise ServiceRefusedError(
                f"addon: its voice is {self._addon.manifest.name}, not {voice.name!r}"
            )
        if self._addon.manifest.front_end == "FlitePhones":
            try:
                check_english(voice.language, self._addon.manifest.name)
            except PhonesError as error:
                raise ServiceRefusedError(f"addon: {error}") from error
        rate = self._addon.sample_rate_hz
        chunks = self._addon.stream(text, chunk_samples=rate // 10, reference=self._reference)
        step = None
        try:
            while True:
                step = asyncio.ensure_future(asyncio.to_thread(next, chunks, None))
                pcm = await within(asyncio.shield(step), self.timeout_s, "addon: no audio")
                if pcm is None:
                    return
                yield AudioChunk(pcm, rate)
        except (BlockError, PhonesError) as error:
            raise ServiceRefusedError(f"addon: {error}") from error
        finally:
            # A generator cannot be closed while a thread runs it.
            if step is not None:
                await asyncio.wait([step])
                step.exception()  # marks it as retrieved
            chunks.close()
