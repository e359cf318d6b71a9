"""What the mixer makes of a batch; needs the extra `kits`: pytest tests/train."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from pywakeword.device_state import DEVICE_TYPES, PLAYBACKS
from pywakeword.training.material.features import FLOOR, N_MELS, Store, StoreWriter
from pywakeword.training.network.mixing import Mixed, Mixer
from pywakeword.training.network.sampling import SILENCE, crop

FRAMES = 120


@pytest.fixture
def interference(tmp_path: Path) -> Store:
    writer = StoreWriter(tmp_path)
    rng = np.random.default_rng(1)
    for kind, said in (
        ("noise", ""),
        ("babble", ""),
        ("music", ""),
        ("alarm", ""),
        ("tts", "good morning"),
        ("tts", "computer"),
    ):
        features = rng.normal(-6, 1, size=(400, N_MELS)).astype(np.float32)
        writer.add(features, None, kind=kind, label="", group=kind, said=said)
    writer.close()
    return Store.read(tmp_path)


def playback_of(mixed: Mixed) -> list[str]:
    part = mixed.state[:, len(DEVICE_TYPES) : len(DEVICE_TYPES) + len(PLAYBACKS)]
    return [PLAYBACKS[i] for i in part.argmax(dim=1).tolist()]


def speech(batch: int) -> np.ndarray:
    return np.random.default_rng(2).normal(-5, 1, (batch, FRAMES, N_MELS)).astype(np.float16)


def test_a_device_that_speaks_knows_it(interference: Store) -> None:
    mixer = Mixer(interference, 3, ("computer",))
    own = np.stack([mixer.own_word(FRAMES, 60) for _ in range(40)])
    assert set(playback_of(mixer(own, voices=["own"] * 40))) == {"tts"}


def test_synthetic_voices_in_the_room_are_not_mixed_with_the_devices_own(
    interference: Store,
) -> None:
    mixer = Mixer(interference, 3, ("computer",))
    heard = playback_of(mixer(speech(300), voices=["synthetic"] * 300, mixed_share=1.0))
    assert "tts" not in heard
    assert {"music", "alarm", "unknown"} <= set(heard)
    assert "tts" in playback_of(mixer(speech(300), voices=["real"] * 300, mixed_share=1.0))


def test_before_the_stream_there_is_digital_silence(interference: Store) -> None:
    onsets = np.array([0, 50])
    features = Mixer(interference, 4)(speech(2), onsets=onsets).features.numpy()
    assert (features[1, :, :50] == np.float32(np.log(np.float32(FLOOR)))).all()
    assert (features[1, :, 50:] > np.log(FLOOR)).all()
    assert (features[0] > np.log(FLOOR)).all()


def test_equal_seeds_mix_equally(interference: Store) -> None:
    first, second = (Mixer(interference, 5)(speech(16)) for _ in range(2))
    np.testing.assert_array_equal(first.features.numpy(), second.features.numpy())
    np.testing.assert_array_equal(first.state.numpy(), second.state.numpy())


def test_what_the_canceller_leaves_is_mixed_in_a_share_of_the_cases(tmp_path: Path) -> None:
    writer = StoreWriter(tmp_path)
    flat = np.full((400, N_MELS), -8.0, np.float32)
    for kind in ("noise", "babble", "music", "alarm", "tts", "left of music"):
        # What is left of the music has all of its energy in one band.
        features = flat.copy()
        if kind == "left of music":
            features[:, 20] = 6.0
        writer.add(features, None, kind=kind, label="", group=kind, said="")
    writer.close()
    mixer = Mixer(Store.read(tmp_path), 3)
    quiet = np.full((600, FRAMES, N_MELS), -12.0, np.float16)
    mixed = mixer(quiet, mixed_share=1.0)
    energy = mixed.features.exp().mean(dim=2)
    peaked = (energy[:, 20] > 1e4 * energy[:, 24]).numpy()
    # A quarter of the music, which is a quarter of all.
    assert 0.02 < peaked.mean() < 0.12
    assert set(np.array(playback_of(mixed))[peaked]) <= {"music", "media", "unknown", "none"}


def test_a_faster_clip_has_its_frames_and_its_word_sooner(tmp_path: Path) -> None:
    writer = StoreWriter(tmp_path)
    ramp = np.repeat(np.arange(200, dtype=np.float32)[:, None], N_MELS, axis=1)
    for kind in ("noise", "real"):
        writer.add(
            ramp, None, kind=kind, label="", group=kind, said="", word_start=40.0, word_end=80.0
        )
    writer.close()
    store = Store.read(tmp_path)
    fast = store.entries[1].at_tempo(1.25)
    assert (fast.n_frames, fast.word_start, fast.word_end) == (160, 32.0, 64.0)
    frames = crop(store, fast, 20, 150, 1.25)[:, 0]
    np.testing.assert_allclose(frames[:100], 1.25 * (20 + np.arange(100)), atol=0.1)
    assert frames[-1] == SILENCE
    assert store.entries[1].at_tempo(1.0) is store.entries[1]
