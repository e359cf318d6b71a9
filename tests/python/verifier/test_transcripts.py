"""Transcripts of the server of one machine: the contract, and how a stream is transcribed."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("httpx", reason="the verifier extra is not installed")
pytest.importorskip("fastapi", reason="the server extra is not installed")
pytest.importorskip("soundfile", reason="the audio extra is not installed")

from helpers.transcript_contract import *  # noqa: F403
from helpers.transcript_contract import (
    CountingRecogniser,
    make_transcriber,
    transcribe,
)
from helpers.verifier_contract import fresh, stream
from helpers.verifier_server import error_of, serving

from pywakeword.errors import RecogniserError, VerifierUnavailableError
from pywakeword.verifier.server.transcription.batch import Speech, Transcriber
from pywakeword.verifier.server.transcription.messages import Reading, Transcription
from pywakeword.verifier.server.transcription.stream import StreamTranscripts

WORD = np.zeros(1600, np.int16)
SPEAKING, SILENT = np.ones(1, np.float32), np.zeros(1, np.float32)


@pytest.fixture(scope="module")
def transcribing_url(tmp_path_factory):
    folder = tmp_path_factory.mktemp("verifier")
    with serving(folder, transcriber=make_transcriber(), idle_timeout_s=5.0) as address:
        yield address


def test_a_server_without_a_recogniser_says_so(tmp_path: Path) -> None:
    with serving(tmp_path) as address:
        assert error_of(transcribe(address)) == (404, "no_recogniser")
        (error,) = stream(address, fresh(transcribe=True), [])
        assert (error["status"], error["code"]) == (404, "no_recogniser")


def test_a_token_is_needed_for_transcripts_too(tmp_path: Path) -> None:
    with serving(tmp_path, transcriber=make_transcriber(), tokens=("s3cret",)) as address:
        assert error_of(transcribe(address)) == (401, "unauthorized")


def test_devices_share_batches_of_about_equal_length(tmp_path: Path) -> None:
    recogniser = CountingRecogniser(0.1)
    transcriber = Transcriber(recogniser, "counting")
    with serving(tmp_path, transcriber=transcriber) as address, ThreadPoolExecutor(16) as pool:
        replies = list(pool.map(lambda _: transcribe(address), range(16)))
    assert {reply.status_code for reply in replies} == {200}
    assert sum(recogniser.batches) == 16
    assert len(recogniser.batches) <= 8
    recogniser.batches.clear()
    lengths = (16000, 64000, 17000, 63000, 20000)
    found = transcriber.transcribe([Speech(np.zeros(n, np.int16)) for n in lengths])
    assert [len(t.text.split()) - 1 for t in found] == [1, 4, 1, 3, 1]  # in their order
    assert recogniser.batches == [3, 2]


def test_a_recogniser_that_fails_or_answers_nonsense(tmp_path: Path) -> None:
    class Broken(CountingRecogniser):
        def recognise_batch(self, pcms, cancelled=lambda: False):
            raise OSError("the disk is on fire")

    with serving(tmp_path, transcriber=Transcriber(Broken(), "x")) as address:
        reply = transcribe(address)
        assert error_of(reply) == (500, "internal")
        assert "fire" not in reply.text

    class Short(CountingRecogniser):
        def recognise_batch(self, pcms, cancelled=lambda: False):
            return []

    with pytest.raises(RecogniserError, match="answered"):
        Transcriber(Short(), "x").transcribe([Speech(WORD)])


class Scripted:
    """Counts what it is asked, and answers with the length in tenths of a second."""

    def __init__(self, wait: Callable[[int], Awaitable[object]] | None = None) -> None:
        self.asked: list[int] = []
        self.shown: list[str] = []
        self._wait = wait

    async def transcribe(self, speech: Speech) -> Transcription:
        self.asked.append(len(speech.pcm) // 1600)
        if self._wait is not None:
            await self._wait(len(self.asked))
        return Transcription((Reading(str(len(speech.pcm) // 1600), 0.0),), "scripted")

    async def show(self, found: Transcription) -> None:
        self.shown.append(found.text)

    def start(self, **options: float) -> StreamTranscripts:
        return StreamTranscripts(self.transcribe, self.show, WORD, "", **options)


async def say(transcripts: StreamTranscripts, *tenths: tuple[bool, int], size: int = 160) -> None:
    """Feed speech and silence, and let what was started run."""
    for spoken, n in tenths:
        for _ in range(0, 1600 * n, size):
            frames = np.full(size // 160, float(spoken), np.float32)
            transcripts.add(np.zeros(size, np.int16), frames)
            await asyncio.sleep(0)
    for _ in range(5):
        await asyncio.sleep(0)


def test_the_pause_flushes_and_its_transcript_is_the_final_one() -> None:
    async def scenario() -> None:
        made = Scripted()
        transcripts = made.start()
        await say(transcripts, (True, 15), (False, 6))
        # One second is a full batch; 0.2 s into the pause all is asked for.
        assert made.asked == [1 + 10, 1 + 17]
        assert made.shown == ["11", "18"]
        assert (await transcripts.finish()).text == "18"
        assert made.asked == [11, 18]

    asyncio.run(scenario())


def test_speech_after_a_pause_is_asked_for_again() -> None:
    async def scenario() -> None:
        made = Scripted()
        transcripts = made.start()
        await say(transcripts, (True, 5), (False, 3), (True, 1))
        assert made.asked == [8]
        assert (await transcripts.finish()).text == "10"
        assert made.shown == ["8"]  # the final one is returned, not shown
        assert made.asked == [8, 10]

    asyncio.run(scenario())


def test_a_slow_recogniser_is_not_asked_for_what_is_old() -> None:
    async def scenario() -> None:
        release = asyncio.Event()
        made = Scripted(lambda _: release.wait())
        transcripts = made.start()
        await say(transcripts, (True, 35))
        assert made.asked == [11]  # two full batches later it still works on the first
        await say(transcripts, (False, 3))
        assert made.asked == [11, 38]  # a pause does not wait
        release.set()
        assert (await transcripts.finish()).text == "38"
        assert made.shown == []

    asyncio.run(scenario())


@pytest.mark.parametrize("size", [160, 1600, 8000])
def test_frames_and_probabilities_come_as_they_like(size: int) -> None:
    async def scenario() -> None:
        made = Scripted()
        transcripts = made.start()
        transcripts.add(np.zeros(100, np.int16), np.zeros(0, np.float32))
        await say(transcripts, (True, 5), size=size)
        await say(transcripts, (False, 5), size=size)
        assert made.asked == [8]
        assert (await transcripts.finish()).text == "8"

    asyncio.run(scenario())


def test_without_speech_nobody_is_asked() -> None:
    async def scenario() -> None:
        made = Scripted()
        transcripts = made.start()
        await say(transcripts, (False, 30))
        assert (await transcripts.finish()).hypotheses == ()
        assert made.asked == []

    asyncio.run(scenario())


def test_a_failure_is_tried_again_at_the_end_and_then_raised() -> None:
    async def fail_first(number: int) -> None:
        if number == 1:
            raise VerifierUnavailableError("busy", "too many", retry_after_s=1.0)

    async def scenario() -> None:
        made = Scripted(fail_first)
        transcripts = made.start()
        await say(transcripts, (True, 5), (False, 4))
        assert (await transcripts.finish()).text == "10"
        assert len(made.asked) == 2

        async def never(number: int) -> None:
            await asyncio.Event().wait()

        slow = Scripted(never).start(timeout_s=0.05)
        await say(slow, (True, 5), (False, 4))
        with pytest.raises(VerifierUnavailableError) as error:
            await slow.finish()
        assert error.value.reason == "timeout"
        left = Scripted(never).start()
        await say(left, (True, 5), (False, 4))
        await left.aclose()  # a client that disconnects leaves no task behind
        assert len(asyncio.all_tasks()) == 1

    asyncio.run(scenario())
