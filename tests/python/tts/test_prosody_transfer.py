"""The pitch tracker, the aligner, references and the block `ProsodyTransfer`."""

from __future__ import annotations

import re
import wave
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("onnx", reason="onnx comes with the extra test")

from helpers import tiny_addon, tiny_transfer

from pywakeword.cli import main
from pywakeword.errors import (
    AddonError,
    BlockError,
    EmptyTextError,
    SpeechlessAudioError,
    TextMismatchError,
)
from pywakeword.tts import Addon, ProsodyReference
from pywakeword.tts.recording.acoustic_frames import (
    FRAME_WIDTH,
    HOP_SAMPLES,
    REFERENCE_HZ,
    acoustic_frames,
)
from pywakeword.tts.recording.pitch import track_pitch
from pywakeword.tts.text.flite import FliteVoice

pytest.importorskip("onnxruntime", reason="the tts extra is not installed")
pytest.importorskip("pocketsphinx", reason="the extra pocketsphinx is not installed")
pytest.importorskip("soundfile", reason="the extra audio is not installed")

pytestmark = pytest.mark.voices("libflite1")

TEXT = "Is the lamp in the kitchen on?"


@pytest.fixture(scope="module")
def recording() -> np.ndarray:
    """Someone says TEXT: flite's voice rms, a man."""
    return np.pad(FliteVoice("rms").speak(TEXT).pcm, 4000)


@pytest.fixture(scope="module")
def reference(recording: np.ndarray) -> ProsodyReference:
    return ProsodyReference.from_recording(recording, TEXT)


def harmonics(f0_hz: np.ndarray) -> np.ndarray:
    phase = 2 * np.pi * np.cumsum(f0_hz) / 16_000
    return sum(np.sin(k * phase) / k for k in range(1, 8)).astype(np.float32) * 0.2


def test_pitch_follows_a_glide_and_tells_noise_from_voice():
    f0_hz = np.linspace(90, 380, 32_000)
    found = track_pitch(harmonics(f0_hz), 16_000, 200)
    assert len(found) == 160
    wanted = f0_hz[::200]
    assert np.all(found[4:-4] > 0)
    assert np.max(np.abs(np.log2(found[4:-4] / wanted[4:-4]))) < 0.03
    noise = np.random.default_rng(1).normal(0, 0.1, 32_000).astype(np.float32)
    assert np.mean(track_pitch(noise, 16_000, 200) > 0) < 0.1
    assert not track_pitch(np.zeros(16_000, np.float32), 16_000, 200).any()
    assert track_pitch(np.zeros(100, np.float32), 16_000, 200).shape == (0,)


def test_acoustic_frames_bridge_what_is_unvoiced():
    voice = harmonics(np.full(16_000, 160.0))
    frames = acoustic_frames(np.concatenate([voice, np.zeros(8000, np.float32), voice]))
    assert frames.shape == (200, FRAME_WIDTH)
    assert frames[85:115, -1].sum() == 0
    np.testing.assert_allclose(REFERENCE_HZ * 2 ** frames[:, -2], 160, rtol=0.02)


def test_flite_tells_words_apart_though_they_are_alike():
    spoken = FliteVoice("kal16").speak("six, six isn't")
    assert spoken.by_word() == [("s", "ih", "k", "s"), ("s", "ih", "k", "s"), ("ih", "s", "n", "t")]
    assert [w for w, p in zip(spoken.words, spoken.phones) if p == "pau"] == [-1, -1, -1]


def test_phones_are_found_where_the_voice_put_them(reference, recording):
    spoken = FliteVoice("rms").speak(TEXT)
    wanted = [p for p in spoken.phones if p != "pau"]
    assert [s for s in reference.symbols if s != "pau"] == wanted
    assert reference.durations.sum() == len(recording) // HOP_SAMPLES == len(reference.frames)
    assert reference.durations.min() >= 1
    ends = np.cumsum(reference.durations)[[s != "pau" for s in reference.symbols]] / 80
    truth = np.array([e for p, e in zip(spoken.phones, spoken.ends_s) if p != "pau"]) + 0.25
    assert np.median(np.abs(ends - truth)) < 0.03


def test_a_reference_refuses_what_it_cannot_use(recording):
    with pytest.raises(EmptyTextError):
        ProsodyReference.from_recording(recording, " ?! ")
    with pytest.raises(SpeechlessAudioError):
        ProsodyReference.from_recording(np.zeros(16_000, np.int16), TEXT)
    noise = np.random.default_rng(0).normal(0, 900, 32_000).astype(np.int16)
    with pytest.raises(SpeechlessAudioError):
        ProsodyReference.from_recording(noise, TEXT)
    with pytest.raises(SpeechlessAudioError):
        ProsodyReference.from_recording(np.zeros(0, np.int16), TEXT)
    with pytest.raises(TextMismatchError):
        ProsodyReference.from_recording(recording, "Wonderful weather makes children hungry")
    with pytest.raises(TextMismatchError):
        ProsodyReference.from_recording(recording, f"{TEXT} " * 12)
    with pytest.raises(TypeError, match="int16"):
        ProsodyReference.from_recording(recording.astype(np.float32), TEXT)


def test_a_text_must_be_the_references(reference):
    reference.check_text("is THE lamp, in the kitchen on", "pau")
    with pytest.raises(TextMismatchError, match="phone by phone"):
        reference.check_text("Is the lamp in the kitchen off?", "pau")
    with pytest.raises(EmptyTextError):
        reference.check_text("", "pau")


@pytest.fixture
def tiny(tmp_path: Path) -> Addon:
    return Addon.load(tiny_transfer.write(tmp_path / "tiny", tiny_transfer.manifest()))


def heard(durations: list[int], level: float) -> dict[str, np.ndarray]:
    frames = np.full((sum(durations), FRAME_WIDTH), level, np.float32)
    return {"reference": frames, "reference_durations": np.array(durations)}


def test_the_block_speaks_with_the_references_durations_and_code(tiny):
    symbols = ["pau", "a", "b"]
    plain = tiny.open(symbols).pull(1 << 20)
    lengths, sounds = [], []
    for durations, level in (([5, 20, 9], 0.1), ([5, 20, 9], 1.0), ([5, 40, 9], 0.1)):
        sound = tiny.open(symbols, heard(durations, level)).pull(1 << 20)
        assert len(sound) == 40 * sum(durations)
        lengths.append(len(sound))
        sounds.append(sound)
    assert len(plain) not in lengths
    assert np.abs(sounds[0] - sounds[1]).max() > 1e-3  # another code is heard
    np.testing.assert_array_equal(
        sounds[0], tiny.open(symbols, heard([5, 20, 9], 0.1)).pull(1 << 20)
    )


def test_a_stream_does_not_depend_on_how_it_is_pulled(tiny):
    whole = tiny.open(["pau", "a", "b"], heard([9, 90, 50], 0.4)).pull(1 << 20)
    with tiny.open(["pau", "a", "b"], heard([9, 90, 50], 0.4)) as stream:
        pieces = []
        while len(piece := stream.pull(333)):
            pieces.append(piece)
    np.testing.assert_array_equal(np.concatenate(pieces), whole)


def test_tensors_that_do_not_fit_are_refused(tiny, tmp_path):
    given = heard([5, 20, 9], 0.1)
    with pytest.raises(BlockError, match="one length"):
        tiny.open(["pau", "a", "b"], given | {"reference": given["reference"][:-1]})
    with pytest.raises(BlockError, match="durations"):
        tiny.open(["pau", "a"], given)
    with pytest.raises(BlockError, match="takes an input 'melody'"):
        tiny.open(["pau", "a", "b"], {"melody": given["reference"]})
    other = Addon.load(tiny_addon.write(tmp_path / "other", tiny_addon.manifest()))
    with pytest.raises(BlockError, match="takes an input 'reference'"):
        other.open(["pau", "a", "b"], given)


def test_only_a_reference_encoder_will_do(tmp_path):
    document = tiny_transfer.manifest()
    document["stack"]["streamable_block"]["stack"][0]["network"] = "vocoder"
    with pytest.raises(AddonError, match="no reference encoder") as error:
        Addon.load(tiny_transfer.write(tmp_path / "wrong", document))
    assert error.value.path == "stack.streamable_block.stack[0]"
    document = tiny_transfer.manifest()
    document["stack"]["streamable_block"]["stack"][0]["speaker"] = [1, "x"]
    with pytest.raises(AddonError, match="finite numbers"):
        Addon.load(tiny_transfer.write(tmp_path / "worse", document))


def test_the_bundled_voice_follows_a_recording(reference, recording, tmp_path):
    """A man's melody and rhythm, from the command line, in the register of the voice."""
    source, out = tmp_path / "source.wav", tmp_path / "out.wav"
    write_wav(source, recording)
    options = ["--prosody-from", str(source), "--out", str(out)]
    assert main(["say", "Is the LAMP in the kitchen on", "--prosody-text", TEXT, *options]) == 0
    with wave.open(str(out)) as file:
        made = np.frombuffer(file.readframes(file.getnframes()), "<i2")
    assert len(made) == HOP_SAMPLES * len(reference.frames)
    frames = acoustic_frames(made.astype(np.float32) / 32768)
    both = (frames[:, -1] > 0.5) & (reference.frames[:, -1] > 0.5)
    assert both.sum() > 40
    found, wanted = frames[both, -2], reference.frames[both, -2]
    assert np.corrcoef(found, wanted)[0, 1] > 0.9
    assert found.mean() - wanted.mean() > 0.3  # a woman's voice
    # Left to itself, the voice has another melody: what was heard came from the recording.
    voice = Addon.load("slt-parallel")
    alone = acoustic_frames(voice.synthesize(TEXT).astype(np.float32) / 32768)
    assert abs(len(alone) - len(frames)) > 10


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["Is the lamp in the kitchen off?", "--prosody-text", TEXT], "phone by phone"),
        (["Wonderful weather makes children hungry"], "does not say the text"),
        ([TEXT, "--prosody-text", "..."], "no word"),
        (["..."], "no word"),
        ([TEXT, "--ssml"], "no markup"),
        ([TEXT, "--prosody", "syntactic"], "no --prosody"),
        ([TEXT, "--rate", "2"], "no --voice"),
        ([TEXT, "--addon", "nobody"], "no such addon"),
    ],
)
def test_say_says_what_is_wrong_and_writes_nothing(arguments, message, recording, tmp_path, capsys):
    source, out = tmp_path / "source.wav", tmp_path / "out.wav"
    write_wav(source, recording)
    assert main(["say", *arguments, "--prosody-from", str(source), "--out", str(out)]) == 2
    error = capsys.readouterr().err
    assert re.search(message, error), error
    assert not out.exists()


def test_say_needs_speech_and_a_recording(tmp_path, capsys):
    silent, out = tmp_path / "silent.wav", tmp_path / "out.wav"
    write_wav(silent, np.zeros(16_000, np.int16))
    assert main(["say", TEXT, "--prosody-from", str(silent), "--out", str(out)]) == 2
    assert "no speech" in capsys.readouterr().err
    assert main(["say", TEXT, "--prosody-text", TEXT]) == 2
    assert "there is none" in capsys.readouterr().err


def write_wav(path: Path, pcm: np.ndarray) -> None:
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(16_000)
        file.writeframes(pcm.astype("<i2").tobytes())


def test_streaming_a_reference_needs_its_text_and_front_end(tiny, reference):
    with pytest.raises(BlockError, match="FlitePhones"):
        next(tiny.stream(TEXT, reference=reference))
