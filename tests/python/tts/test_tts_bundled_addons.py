"""The bundled voices, end to end. What they sound like is on their cards."""

from __future__ import annotations

import json
import time
from pathlib import Path

import numpy as np
import pytest

from pywakeword.errors import PhonesError
from pywakeword.tts import Addon, available_addons
from pywakeword.tts.addon.front_ends import FlitePhones
from pywakeword.tts.text.flite import FliteVoice

pytest.importorskip("onnxruntime", reason="the tts extra is not installed")

pytestmark = pytest.mark.voices("libflite1")

NAMES = available_addons()
TEXT = "The lamp in the kitchen is on. It will rain tomorrow."
ROOT = Path(__file__).parents[3]


def test_some_are_bundled():
    assert set(NAMES) >= {"slt-parallel", "slt-attention"}


def test_both_share_one_vocoder():
    files = {
        (ROOT / "models" / "tts" / name / "vocoder.onnx").read_bytes()
        for name in ("slt-parallel", "slt-attention")
    }
    assert len(files) == 1


@pytest.fixture(scope="module", params=NAMES)
def addon(request):
    return Addon.load(request.param)


def test_the_audio_does_not_depend_on_the_chunks(addon):
    whole = addon.synthesize(TEXT)
    assert 2 < len(whole) / addon.sample_rate_hz < 6
    assert 2000 < np.abs(whole.astype(int)).max() <= 32767
    for n in (333, 5000):
        chunks = np.concatenate(list(addon.stream(TEXT, chunk_samples=n)))
        np.testing.assert_array_equal(chunks, whole)


def test_fixed_shapes_sound_the_same(addon):
    symbols = next(FlitePhones()(TEXT)).symbols
    found = {}
    for context in ("dynamic", "fixed"):
        frames: list = []
        loaded = Addon.load(
            addon.manifest.name, context=context, observers={"acoustic": frames.append}
        )
        found[context] = loaded.open(symbols).pull(1 << 20), np.concatenate(frames)
    np.testing.assert_allclose(found["fixed"][1], found["dynamic"][1], atol=1e-4)
    # The phase of a high harmonic adds up the rounding of the pitch.
    np.testing.assert_allclose(found["fixed"][0], found["dynamic"][0], atol=1e-3)


def test_the_first_audio_takes_no_longer_for_a_long_sentence(addon):
    def cpu_s(text: str) -> float:
        times = []
        for _ in range(5):
            start = time.process_time()
            next(addon.stream(text, chunk_samples=800))
            times.append(time.process_time() - start)
        return min(times)

    long = "the lamp in the kitchen is on and " * 12
    cpu_s("warm")
    assert len(addon.synthesize(long)) > 15 * addon.sample_rate_hz
    assert cpu_s(long) < cpu_s("The lamp.") + 0.1


def test_cards_have_figures_beside_the_teachers():
    for name in NAMES:
        card = json.loads((ROOT / "models" / "tts" / name / "addon.json").read_text())["card"]
        assert card["measured"]["sentences"] >= 20
        assert 0 < card["measured"]["teachers_word_error_rate"] < 1
        assert card["measured"]["word_error_rate"] > 0


def test_flite_says_phones_and_where_they_end():
    spoken = FliteVoice("kal16").speak("Hello world.")
    assert spoken.phones == ("pau", "hh", "ax", "l", "ow", "w", "er", "l", "d", "pau")
    assert list(spoken.ends_s) == sorted(spoken.ends_s)
    # Of the voices only the statistical ones keep to their marks.
    taught = FliteVoice("slt").speak("Hello world.")
    assert abs(taught.ends_s[-1] - len(taught.pcm) / taught.sample_rate_hz) < 0.05
    assert [len(p.symbols) for p in FlitePhones()("Hello. World?  ...")] == [6, 6]
    with pytest.raises(PhonesError, match="NUL"):
        FliteVoice("kal16").speak("a\0b")
    with pytest.raises(PhonesError, match="libflite1"):
        FliteVoice("nobody")
