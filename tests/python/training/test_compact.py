"""Compact stores of features: what they lose, and what they keep."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("scipy", reason="SciPy is not installed")
pytest.importorskip("soundfile", reason="the audio extra is not installed")

from pywakeword.training.data.compact import read_compact, said_in, worn, write_compact
from pywakeword.training.data.package import TrainingData
from pywakeword.training.material.features import LEAD_S, Store, StoreWriter, lfbe
from pywakeword.training.material.versions import TRAIL_S

RATE = 16_000


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """Three clips of coloured noise with the quiet of a version around them."""
    rng = np.random.default_rng(3)
    writer = StoreWriter(tmp_path / "store")
    for number, seconds in enumerate((0.5, 1.23, 3.0)):
        burst = np.cumsum(rng.normal(0, 0.01, int(seconds * RATE))) * 0.01
        burst += rng.normal(0, 0.02, len(burst))
        around = (int(LEAD_S * RATE), int(TRAIL_S * RATE))
        samples = np.pad(burst, around) + rng.normal(0, 1e-4, len(burst) + sum(around))
        writer.add(
            lfbe(samples), None, kind="real", label="", group=f"g{number}", said=f"s{number}"
        )
    writer.close()
    return Store.read(tmp_path / "store")


@pytest.mark.parametrize("padded", [True, False])
def test_clips_come_back_with_their_labels_and_a_small_error(
    store: Store, tmp_path: Path, padded: bool
) -> None:
    size = write_compact(tmp_path, "some", store, padded=padded)
    back = read_compact(tmp_path, "some")
    assert said_in(tmp_path, "some", "real") == ["s0", "s1", "s2"]
    assert size < store.features.nbytes / 8
    lead, trail = int(LEAD_S * 100), int(TRAIL_S * 100)
    for before, after in zip(store.entries, back.entries):
        assert (after.n_frames, after.group, after.said) == (
            before.n_frames,
            before.group,
            before.said,
        )
        one = store.features[before.first_frame :][: before.n_frames].astype(np.float32)
        two = back.features[after.first_frame :][: after.n_frames].astype(np.float32)
        inner = slice(lead, before.n_frames - trail)
        error_db = (one - two)[inner] * 10 / np.log(10)
        assert np.sqrt(np.mean(error_db**2)) < 2.5
        assert abs(error_db.mean()) < 0.1
        assert abs((one - two)[:lead].mean()) < 0.3  # the quiet is like the quiet that was there


def test_worn_features_are_those_that_are_read_back(store: Store, tmp_path: Path) -> None:
    # One clip: the blocks lie alike.
    one = Store(store.features, store.embeddings, store.entries[:1])
    write_compact(tmp_path, "one", one, padded=False)
    back = read_compact(tmp_path, "one")
    n = one.entries[0].n_frames // 8 * 8
    np.testing.assert_array_equal(worn(store).features[:n], back.features[:n])
    assert worn(store).entries == store.entries
    assert len(worn(store).features) == len(store.features)


def test_a_damaged_file_is_named(store: Store, tmp_path: Path) -> None:
    write_compact(tmp_path, "some", store, padded=True)
    whole = (tmp_path / "some.xz").read_bytes()
    (tmp_path / "some.xz").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(ValueError, match=r"some: damaged"):
        read_compact(tmp_path, "some")


def test_what_people_say_is_whole_sentences_of_people(store: Store, tmp_path: Path) -> None:
    told = [("real", "jarvis"), ("natural", "I think Jarvie is fine"), ("real", "a dog ran home")]
    entries = [replace(e, kind=kind, said=said) for e, (kind, said) in zip(store.entries, told)]
    write_compact(tmp_path, "negatives", replace(store, entries=entries), padded=True)
    assert TrainingData(tmp_path).transcripts() == ["a dog ran home"]
