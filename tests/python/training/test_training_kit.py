"""What the training kit decides about recordings, as far as it needs no PyTorch."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("soundfile", reason="the audio extra is not installed")

from pywakeword.training.material.boundaries import word_boundaries
from pywakeword.training.material.corpus import folder_takes, read_manifest
from pywakeword.training.material.features import N_MELS, Entry, Store, StoreWriter, lfbe, to_pcm
from pywakeword.training.network.sampling import (
    BOUNDARY_UNIT,
    align_to_teacher,
    crop,
    targets,
    teacher_rows,
)
from pywakeword.training.network.shape import Shape

RATE = 16_000


def word_like(start_s: float, end_s: float, total_s: float, rng: np.random.Generator) -> np.ndarray:
    """Voiced bursts with a 100 ms closure in the middle, in faint noise."""
    t = np.arange(int(total_s * RATE)) / RATE
    middle = (start_s + end_s) / 2
    spoken = (t >= start_s) & (t < end_s) & (np.abs(t - middle) > 0.05)
    tone = sum(np.sin(2 * np.pi * 150 * h * t) / h for h in range(1, 20))
    return 0.1 * tone * spoken + rng.normal(0, 1e-4, len(t))


def test_boundaries_of_a_word_with_a_closure() -> None:
    samples = word_like(0.8, 1.5, 2.5, np.random.default_rng(1))
    start, end = word_boundaries(samples)
    assert abs(start / RATE - 0.8) < 0.02
    assert abs(end / RATE - 1.5) < 0.02


def test_boundaries_ignore_clicks_hum_and_digital_silence() -> None:
    rng = np.random.default_rng(2)
    samples = word_like(0.8, 1.5, 2.5, rng)
    t = np.arange(len(samples)) / RATE
    samples += 0.02 * np.sin(2 * np.pi * 500 * t)
    samples[int(0.3 * RATE) : int(0.3 * RATE) + 40] += 0.8
    samples[int(2.0 * RATE) :] = 0
    start, end = word_boundaries(samples)
    assert abs(start / RATE - 0.8) < 0.03
    assert abs(end / RATE - 1.5) < 0.03


@pytest.mark.parametrize(
    ("samples", "message"),
    [(np.zeros(100), "too few"), (np.zeros(RATE), "silent")],
)
def test_boundaries_refuse_a_take_without_a_word(samples: np.ndarray, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        word_boundaries(samples)


def test_manifest_keeps_to_split_and_release(tmp_path: Path) -> None:
    header = "path,source_repo,licence,release,category,label,leak_group,transcript,split,qa"
    rows = [
        "a.opus,s,l,ok,wakewords,alexa,g1,alexa,train,",
        "b.opus,s,l,non-commercial,wakewords,alexa,g2,alexa,train,",
        "c.opus,s,l,ok,speech,,g3,Ask Alexa now,dev,clipped;contains:alexa",
    ]
    (tmp_path / "manifest.csv").write_text("\n".join([header, *rows]), encoding="utf-8")
    (train,) = read_manifest(tmp_path, "train")
    assert train.path == tmp_path / "a.opus"
    assert len(read_manifest(tmp_path, "train", released_only=False)) == 2
    (dev,) = read_manifest(tmp_path, "dev")
    assert dev.holds("alexa")
    assert not dev.holds("computer")


def test_features_are_those_of_the_core() -> None:
    frames = lfbe(word_like(0.2, 0.6, 1.0, np.random.default_rng(3)))
    assert frames.shape == ((RATE - 400) // 160 + 1, N_MELS)
    np.testing.assert_array_equal(to_pcm(np.array([2.0, -2.0, 0.5])), [32767, -32768, 16384])


def store(tmp_path: Path) -> Store:
    writer = StoreWriter(tmp_path)
    rng = np.random.default_rng(4)
    for label in ("alexa", ""):
        writer.add(
            rng.normal(size=(300, N_MELS)).astype(np.float32),
            np.arange(28 * 96, dtype=np.float32).reshape(28, 96) / 100,
            kind="real",
            label=label,
            group="g",
            word_start=200.0 if label else -1.0,
            word_end=250.0 if label else -1.0,
        )
    assert not Store.exists(tmp_path)  # unfinished until it is closed
    writer.close()
    return Store.read(tmp_path)


def test_store_gives_back_what_was_written(tmp_path: Path) -> None:
    made = store(tmp_path)
    first, second = made.entries
    assert (first.n_frames, second.first_frame, second.first_embedding) == (300, 300, 28)
    inside = crop(made, second, 10, 5)
    np.testing.assert_array_equal(inside, made.features[310:315])
    beyond = crop(made, first, 298, 4)  # silence after the end, never the next clip
    np.testing.assert_allclose(beyond[2:].astype(float), np.log(1e-6), atol=0.01)


def test_every_second_output_meets_a_teacher_row(tmp_path: Path) -> None:
    made, shape = store(tmp_path), Shape(words=("alexa",))
    start = align_to_teacher(57, shape)
    assert 57 - 8 < start <= 57
    rows, exists = teacher_rows(made, made.entries[0], start, 9, shape)
    newest = start + shape.trunk_frames - 1
    assert exists.all()
    # Row j of the teacher ends at frame 8 j + 75.
    expected = made.embeddings[(newest - 75) // 8]
    np.testing.assert_array_equal(rows[0], expected.astype(np.float32))


def test_targets_follow_the_end_of_the_word() -> None:
    shape = Shape(words=("computer", "alexa"))
    entry = Entry(0, 600, 0, 0, "real", "alexa", "g", word_start=280.0, word_end=340.0)
    first = 100
    goal = targets([entry], [first], 40, shape)
    newest = first + shape.window_frames - 1 + shape.stride * np.arange(40)
    at = int(np.argmin(np.abs(newest - 345)))
    assert goal.posterior[0, 1, at] == 1
    assert goal.start[0, 1, at] == pytest.approx((newest[at] - 280) / BOUNDARY_UNIT)
    assert goal.end[0, 1, at] == pytest.approx((newest[at] - 340) / BOUNDARY_UNIT)
    assert np.isnan(goal.posterior[0, 1, newest == newest[at] - 20]).all()  # just before: either
    assert (goal.posterior[0, 1, newest > 340 + 50] == 0).all()
    assert (goal.posterior[0, 0] == 0).all()  # the other word is never there
    assert np.isnan(goal.start[0, 0]).all()


def test_a_users_folder_is_split_by_name(tmp_path: Path) -> None:
    for i in range(14):
        (tmp_path / f"take{i:02}.wav").touch()
    (tmp_path / "notes.txt").touch()
    train, dev = (folder_takes(tmp_path, "hey_robot", split) for split in ("train", "dev"))
    assert [c.path.name for c in dev] == ["take05.wav", "take11.wav"]
    assert len(train) == 12
    assert not {c.path for c in train} & {c.path for c in dev}
    assert train[0].holds("hey_robot")


def test_too_few_takes_are_refused(tmp_path: Path) -> None:
    (tmp_path / "one.wav").touch()
    with pytest.raises(ValueError, match="1 recordings, at least 12"):
        folder_takes(tmp_path, "hey_robot", "train")


def test_merged_stores_keep_their_clips_apart(tmp_path: Path) -> None:
    one, two = store(tmp_path / "one"), store(tmp_path / "two")
    both = Store.merged([one, two])
    assert [e.first_frame for e in both.entries] == [0, 300, 600, 900]
    np.testing.assert_array_equal(
        crop(both, both.entries[3], 10, 5), crop(two, two.entries[1], 10, 5)
    )


def test_clips_that_say_the_word_are_left_out(tmp_path: Path) -> None:
    made = store(tmp_path)
    entries = [replace(made.entries[0], said="ask the computer now"), made.entries[1]]
    assert replace(made, entries=entries).without(["computer"]).entries == entries[1:]


@pytest.mark.parametrize(
    ("said", "left_out"),
    [("two computers", True), ("ok_computer", True), ("computerised", False), ("com puter", False)],
)
def test_only_whole_words_are_the_word(tmp_path: Path, said: str, left_out: bool) -> None:
    made = store(tmp_path)
    entries = [replace(made.entries[0], said=said)]
    assert (not replace(made, entries=entries).without(["computer"]).entries) == left_out


def test_a_take_of_the_word_stays_where_talk_about_it_is_left_out(tmp_path: Path) -> None:
    made = store(tmp_path)
    entries = [replace(e, said="alexa, what time is it") for e in made.entries]
    kept = replace(made, entries=entries).without(["alexa"], but=("alexa",)).entries
    assert kept == entries[:1]


def test_what_a_clip_may_contain_is_no_negative(tmp_path: Path) -> None:
    header = "path,source_repo,licence,release,category,label,leak_group,transcript,split,qa"
    row = "a.opus,s,l,ok,speech,,g1,,dev,untranscribed may_contain:alexa may_contain:computer"
    (tmp_path / "manifest.csv").write_text(f"{header}\n{row}", encoding="utf-8")
    (clip,) = read_manifest(tmp_path, "dev")
    assert clip.holds("alexa")
    assert clip.holds("computer")
