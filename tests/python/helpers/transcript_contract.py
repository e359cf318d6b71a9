"""The contract of a server's transcripts: a test module imports this one whole.

It must provide the fixture `transcribing_url`: a server of the tiny words "beep" and "boop" with
the transcriber that `make_transcriber` makes.
"""

from __future__ import annotations

import io
import json
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import numpy as np
import pytest
import soundfile

from helpers.verifier_contract import cut, fresh, stream
from helpers.verifier_server import audio, error_of
from pywakeword.endpointing.recognisers.transcript import Hypothesis, Recognition
from pywakeword.verifier.server.transcription.batch import Transcriber
from pywakeword.verifier.server.transcription.messages import MAX_SPEECH_BYTES

SPEECH = Path(__file__).parents[2] / "golden" / "computer.wav"
SECONDS = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")


class CountingRecogniser:
    """Understands "beep", and a number for each second that it gets."""

    def __init__(self, seconds: float = 0.0) -> None:
        self.batches: list[int] = []
        self._seconds = seconds

    def recognise_batch(
        self, pcms: Sequence[np.ndarray], cancelled: Callable[[], bool] = lambda: False
    ) -> list[Recognition]:
        self.batches.append(len(pcms))
        time.sleep(self._seconds)
        return [self._recognition(pcm) for pcm in pcms]

    def _recognition(self, pcm: np.ndarray) -> Recognition:
        said = " ".join(("Beep,", *SECONDS[: len(pcm) // 16000]))
        texts = (Hypothesis(said, -0.1, 3), Hypothesis(said + " or so", -0.5, 5))
        return Recognition(texts, (), np.zeros((0, 2), np.float32), 320)


def make_transcriber() -> Transcriber:
    return Transcriber(CountingRecogniser(), "counting")


def metadata(**changes: object) -> dict:
    form = {"encoding": "s16le", "sample_rate_hz": 16000, "channels": 1}
    return {"request_id": uuid.uuid4().hex, "format": form, **changes}


def transcribe(url: str, meta: object = None, sound: bytes = bytes(64000)) -> httpx.Response:
    text = meta if isinstance(meta, bytes) else json.dumps(metadata() if meta is None else meta)
    files = {"metadata": ("m", text), "audio": ("a", sound)}
    return httpx.post(f"{url}/v1/transcribe", files=files, trust_env=False, timeout=20)


def test_a_transcript(transcribing_url: str) -> None:
    meta = metadata()
    reply = transcribe(transcribing_url, meta).json()
    assert reply["request_id"] == meta["request_id"]
    assert (reply["text"], reply["model"]) == ("Beep, one two", "counting")
    assert [h["text"] for h in reply["hypotheses"]] == ["Beep, one two", "Beep, one two or so"]
    assert reply["hypotheses"][0]["score"] == -0.1
    assert set(reply["timings_ms"]) >= {"decode", "total"}
    assert transcribe(transcribing_url, metadata(wake_word="beep")).json()["text"] == "one two"
    nothing = transcribe(transcribing_url, metadata(wake_word="beep"), b"").json()
    assert (nothing["text"], nothing["hypotheses"][0]["text"]) == ("or so", "or so")


def test_speech_as_opus(transcribing_url: str) -> None:
    file = io.BytesIO()
    soundfile.write(file, np.zeros(16000 * 5, np.int16), 16000, format="OGG", subtype="OPUS")
    form = {"encoding": "ogg_opus", "sample_rate_hz": 16000, "channels": 1}
    reply = transcribe(transcribing_url, metadata(format=form), file.getvalue()).json()
    assert reply["text"] == "Beep, one two three four five"
    assert error_of(transcribe(transcribing_url, metadata(format=form), b"x")) == (400, "bad_audio")
    file = io.BytesIO()
    soundfile.write(file, np.zeros(16000 * 40, np.int16), 16000, format="OGG", subtype="OPUS")
    found = error_of(transcribe(transcribing_url, metadata(format=form), file.getvalue()))
    assert found == (413, "audio_too_large")


@pytest.mark.parametrize(
    ("meta", "sound", "expected"),
    [
        (b"{", b"", (400, "bad_json")),
        (b"[]", b"", (422, "bad_metadata")),
        (metadata(request_id="../etc"), b"", (422, "bad_metadata")),
        (metadata(wake_word=7), b"", (422, "bad_metadata")),
        (metadata(wake_word="x" * 65), b"", (422, "bad_metadata")),
        (metadata(format={"encoding": "mp3"}), b"", (422, "bad_metadata")),
        (metadata(), b"odd", (400, "bad_audio")),
        (metadata(), bytes(MAX_SPEECH_BYTES + 2), (413, "audio_too_large")),
        (metadata(), bytes(MAX_SPEECH_BYTES + 20_000), (413, "body_too_large")),
    ],
)
def test_bad_speech(
    transcribing_url: str, meta: object, sound: bytes, expected: tuple[int, str]
) -> None:
    assert error_of(transcribe(transcribing_url, meta, sound)) == expected


def test_the_schema_of_transcripts(transcribing_url: str) -> None:
    schema = httpx.get(f"{transcribing_url}/openapi.json", trust_env=False).json()
    route = schema["paths"]["/v1/transcribe"]["post"]
    body = route["requestBody"]["content"]["multipart/form-data"]["schema"]["properties"]
    assert set(body["metadata"]["properties"]) == {"request_id", "wake_word", "format"}
    reply = route["responses"]["200"]["content"]["application/json"]["schema"]
    assert set(reply["properties"]) == set(transcribe(transcribing_url).json())
    assert httpx.get(f"{transcribing_url}/v1/transcribe", trust_env=False).status_code == 405


def spoken(seconds: float) -> bytes:
    """Return speech, again and again without a pause, as s16le."""
    pcm, _ = soundfile.read(SPEECH, dtype="int16")
    loud = np.flatnonzero(np.abs(pcm.astype(int)) > 1500)
    word = pcm[loud[0] : loud[-1]]
    return np.resize(word, round(16000 * seconds)).astype("<i2").tobytes()


def paced(chunks: list[bytes]) -> Iterator[bytes]:
    """Send slower than a recogniser answers."""
    for chunk in chunks:
        yield chunk
        time.sleep(0.02)


def test_a_stream_with_transcripts(transcribing_url: str) -> None:
    sound = audio()[: 2 * 14400] + spoken(2.7) + bytes(2 * 16000 * 3)
    verdict, *rest = stream(transcribing_url, fresh(transcribe=True), paced(cut(sound)))
    assert verdict["decision"] == "accept"
    *partial, stop, final = rest
    assert stop["reason"] == "end_of_speech"
    assert {m["type"] for m in partial} == {"transcript"} == {final["type"]}
    assert [m["final"] for m in partial] == [False] * len(partial)
    assert len(partial) >= 2
    texts = [m["text"] for m in partial]
    assert texts == sorted(texts, key=len)
    assert final["final"] is True
    assert final["text"] == texts[-1] == "one two three"  # flushed by the pause, then final
    assert final["model"] == "counting"


def test_a_stream_in_which_nothing_is_said(transcribing_url: str) -> None:
    end = json.dumps({"type": "end"})
    messages = stream(transcribing_url, fresh(transcribe=True), [*cut(audio()), bytes(32000), end])
    assert [m["type"] for m in messages] == ["verdict", "stop_capture", "transcript"]
    assert (messages[-1]["text"], messages[-1]["hypotheses"]) == ("", [])


def test_transcripts_for_many_at_one_time(transcribing_url: str) -> None:
    with ThreadPoolExecutor(12) as pool:
        lengths = [16000 * (1 + i % 4) for i in range(24)]
        replies = pool.map(lambda n: transcribe(transcribing_url, None, bytes(2 * n)), lengths)
    texts = [reply.json()["text"] for reply in replies]
    assert texts == [" ".join(("Beep,", *SECONDS[: n // 16000])) for n in lengths]
