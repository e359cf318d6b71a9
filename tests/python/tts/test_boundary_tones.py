"""The rule for the ends of clauses and sentences, and that the bundled voice makes it heard."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from pywakeword.errors import AddonError, BlockError
from pywakeword.tts import Addon
from pywakeword.tts.addon.front_ends import FlitePhones
from pywakeword.tts.blocks.prosody.selector import phone_names
from pywakeword.tts.blocks.upsampler import whole_frames
from pywakeword.tts.prosody.boundary_tones import (
    ALTERNATIVE,
    CONTINUATION,
    FALL,
    RISE,
    boundary_tones,
)
from pywakeword.tts.recording.acoustic_frames import FRAME_RATE_HZ, acoustic_frames

pytest.importorskip("onnxruntime", reason="the tts extra is not installed")

pytestmark = pytest.mark.voices("libflite1")

SLT = Path(__file__).parents[3] / "models" / "tts" / "slt-parallel"
ASKED, TOLD = "Is the lamp in the kitchen on?", "The lamp in the kitchen is on."
EITHER = "Do you want milk or lemon?"
CLAUSES = "When the lamp is on, we can read a book."


def tones(text: str) -> dict[int, float]:
    """Semitones of the symbols that have any, by their index."""
    (spoken,) = FlitePhones()(text)
    assert spoken.places is not None
    moved = boundary_tones(text, phone_names(spoken.symbols), np.array(spoken.places))
    return {i: round(12 * float(v), 3) for i, v in enumerate(moved) if v}


def test_places_tell_where_words_end():
    text = "It\u2019s \u201ccaf\u00e9\u201d, 25 or on."
    (spoken,) = FlitePhones()(text)
    assert spoken.places is not None
    by_place = dict(zip(spoken.places, spoken.symbols))
    ends = [text.encode()[:place].decode().split()[-1] for place in by_place if place]
    assert ends == text.split()
    assert {s for s, place in zip(spoken.symbols, spoken.places) if not place} == {"pau"}


@pytest.mark.parametrize(
    ("text", "last"),
    [
        (TOLD, FALL),
        (ASKED, RISE),
        ("Where is the lamp in the kitchen on?", FALL),
        (EITHER, FALL),
        ("On!", FALL),
    ],
)
def test_a_sentence_ends_as_its_kind_does(text, last):
    found = tones(text)
    (spoken,) = FlitePhones()(text)
    assert max(found) == len(spoken.symbols) - 2  # the last symbol is a pause
    assert found[max(found)] == last.end


def test_of_alternatives_each_rises_but_the_last():
    (spoken,) = FlitePhones()(EITHER)
    before = spoken.symbols.index("k", 5)  # of "milk"
    assert tones(EITHER)[before] == ALTERNATIVE.end
    found = tones("Do you want tea, milk, or lemon?")
    assert sorted(v for v in found.values() if v == ALTERNATIVE.end)[1:]
    assert CONTINUATION.end not in found.values()


def test_a_clause_goes_on():
    (spoken,) = FlitePhones()(CLAUSES)
    pause = spoken.symbols.index("pau", 1)
    assert tones(CLAUSES)[pause - 1] == CONTINUATION.end
    # Of a text that was cut in two only the second part has the end.
    assert spoken.places is not None
    rows = phone_names(spoken.symbols[:pause]), np.array(spoken.places[:pause])
    assert 12 * boundary_tones(CLAUSES, *rows)[-1] == 0


def test_the_movement_starts_in_front_of_the_first_vowel():
    (spoken,) = FlitePhones()("Today?")
    found = tones("Today?")
    assert spoken.symbols[-3:-1] == ("d", "ey")
    assert found[len(spoken.symbols) - 2] == RISE.end
    assert min(found.values()) == RISE.start


def voice(way: str, tmp_path: Path | None = None, **options) -> Addon:
    """The bundled voice, or a copy whose selector has other fields."""
    if tmp_path is None:
        return Addon.load("slt-parallel", prosody_way=way)
    folder = tmp_path / "voice"
    shutil.copytree(SLT, folder)
    document = json.loads((folder / "addon.json").read_text())
    (selector,) = (
        block
        for block in document["stack"]["sequence_block"]["blocks"]
        if block["type"] == "ProsodySelector"
    )
    selector |= options
    (folder / "addon.json").write_text(json.dumps(document))
    return Addon.load(folder, prosody_way=way)


def melody(addon: Addon, text: str) -> tuple[np.ndarray, np.ndarray, tuple[str, ...], np.ndarray]:
    """Semitones and voicing of each frame of the sound; symbols and where each ends."""
    ((symbols, tensors),) = addon.pieces(text)
    indexes = np.array([addon.manifest.symbols.index(s) for s in symbols])
    made = addon.pipeline.sequence_block.run({"symbols": indexes, **tensors})
    frames = acoustic_frames(addon.synthesize(text).astype(np.float32) / 32768)
    return (
        12 * frames[:, -2],
        frames[:, -1] > 0,
        symbols,
        np.cumsum(whole_frames(made["durations"], 1)),
    )


def last_movement(semitones: np.ndarray, voiced: np.ndarray, end: int) -> float:
    """Semitones that the last 0.25 s of voice in front of a frame move, by their ends' means."""
    heard = semitones[:end][voiced[:end]][-round(0.25 * FRAME_RATE_HZ) :]
    return float(heard[-4:].mean() - heard[:6].mean())


@pytest.mark.parametrize("way", ["syntactic"])
def test_a_question_rises_and_a_statement_falls(way):
    """In the sound itself, by a pitch tracker."""
    addon = voice(way)
    asked, told, where = (
        last_movement(*melody(addon, text)[:2], 1 << 20)
        for text in (ASKED, TOLD, "Where is the lamp on?")
    )
    assert asked > 2
    assert told < -1
    assert where < -1


def test_without_tones_a_question_falls(tmp_path):
    asked = last_movement(
        *melody(voice("syntactic", tmp_path, boundary_tones=False), ASKED)[:2], 1 << 20
    )
    assert asked < 0
    with pytest.raises(AddonError, match=r"boundary_tones: must be true or false"):
        voice("syntactic", tmp_path / "wrong", boundary_tones="no")


def test_alternatives_are_heard():
    semitones, voiced, symbols, ends = melody(voice("syntactic"), EITHER)
    milk = int(ends[symbols.index("k", 5)])
    assert last_movement(semitones, voiced, milk) > 1
    assert last_movement(semitones, voiced, len(voiced)) < -1


def test_a_clause_break_is_heard():
    addon, plain = voice("syntactic"), voice("centroid")
    semitones, voiced, symbols, ends = melody(addon, CLAUSES)
    pause = symbols.index("pau", 1)
    assert ends[pause] - ends[pause - 1] >= 0.08 * FRAME_RATE_HZ
    rise = last_movement(semitones, voiced, int(ends[pause - 1]))
    assert rise > 1
    told, told_voiced, _, told_ends = melody(plain, CLAUSES)
    assert rise > last_movement(told, told_voiced, int(told_ends[pause - 1])) + 2


def test_of_a_long_sentence_only_the_last_piece_ends():
    addon = voice("syntactic")
    text = "Is it the lamp, " + "or the lamp in the kitchen, " * 30 + "that is on?"
    pieces = list(addon.pieces(text))
    assert len(pieces) > 1
    ends = []
    for symbols, tensors in pieces:
        assert len(tensors["places"]) == len(symbols) <= addon.manifest.max_symbols
        moved = boundary_tones(text, phone_names(symbols), tensors["places"])
        spoken = [i for i, name in enumerate(symbols) if name != "pau"]
        ends.append(round(12 * float(moved[spoken[-1]]), 3))
    assert ends[-1] == FALL.end
    assert FALL.end not in ends[:-1]


def test_tones_need_to_know_the_words():
    (spoken,) = FlitePhones()(ASKED)
    addon = voice("syntactic")
    text = np.frombuffer(ASKED.encode(), np.uint8)
    with pytest.raises(BlockError, match="'places'"):
        addon.open(spoken.symbols, {"text": text})
    with pytest.raises(BlockError, match="'places'"):
        addon.open(spoken.symbols, {"text": text, "places": np.zeros(2, np.int64)})
