from __future__ import annotations

import asyncio

import numpy as np
import pytest

from pywakeword.errors import ServiceRefusedError
from pywakeword.tts import Addon, AddonBackend, Prosody, Voice

for module in ("onnx", "onnxruntime"):
    pytest.importorskip(module, reason=f"{module} comes with the extra test")
from helpers import tiny_addon  # noqa: E402

TEXT = "pau a b c d a c b d a pau " * 8


@pytest.fixture(scope="module")
def addon(tmp_path_factory):
    folder = tmp_path_factory.mktemp("addon")
    return Addon.load(tiny_addon.write(folder, tiny_addon.manifest()))


def test_it_speaks_what_the_addon_speaks(addon):
    async def speak():
        backend = AddonBackend(addon)
        return [chunk.pcm async for chunk in backend.speak(TEXT, Voice("tiny"), Prosody())]

    chunks = asyncio.run(speak())
    assert len(chunks) > 1
    np.testing.assert_array_equal(np.concatenate(chunks), addon.synthesize(TEXT))


def test_what_it_cannot_speak_is_refused(addon):
    async def speak(text: str, voice: Voice):
        async for _ in AddonBackend(addon).speak(text, voice, Prosody()):
            pass

    with pytest.raises(ServiceRefusedError, match="no symbol 'x'"):
        asyncio.run(speak("x", Voice()))
    with pytest.raises(ServiceRefusedError, match="not 'other'"):
        asyncio.run(speak(TEXT, Voice("other")))


def test_closing_it_stops_the_addon(addon, monkeypatch):
    closed = []
    original = addon.pipeline.open

    def opening(*arguments):
        stream = original(*arguments)
        close = stream.close

        def closing():
            closed.append(True)
            close()

        stream.close = closing
        return stream

    monkeypatch.setattr(addon.pipeline, "open", opening)

    async def speak():
        chunks = AddonBackend(addon).speak(TEXT, Voice(), Prosody())
        await anext_of(chunks)
        assert not closed
        await chunks.aclose()

    async def anext_of(chunks):
        return await chunks.__anext__()

    asyncio.run(speak())
    assert closed == [True]
