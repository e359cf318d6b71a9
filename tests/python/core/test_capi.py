from __future__ import annotations

import itertools
import re
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest
from helpers.c_library import library_path
from helpers.child_process import run
from helpers.tiny_model import utterance
from helpers.tone_stream import GOLDEN, in_chunks, load_model, make_spotter, with_tones

import pywakeword
from pywakeword import (
    DeviceState,
    LibraryError,
    MissingExtraError,
    ModelError,
    StreamError,
    UnsupportedOpError,
    WakeWord,
    _core,
    available_models,
    capi,
)
from pywakeword.capi import library as capi_library

ROOT = Path(__file__).parents[3]
HEADER = ROOT / "csrc" / "include" / "pywakeword.h"
TONE = (GOLDEN / "tone.tflite").read_bytes()
FIELDS = (
    "keyword_index",
    "score",
    "start_sample",
    "end_sample",
    "detected_sample",
    "pre_roll_samples",
    "state",
)


@pytest.fixture(scope="module")
def library() -> capi.Library:
    return capi.Library(library_path())


@pytest.fixture
def backend(monkeypatch: pytest.MonkeyPatch) -> str:
    """The name of the backend, which then finds the library."""
    monkeypatch.setenv(capi_library.ENVIRONMENT_VARIABLE, str(library_path()))
    capi.default_library.cache_clear()
    return "capi"


def make_c_spotter(library: capi.Library, **options: object) -> capi.Spotter:
    defaults = {"thresholds": [0.5, 0.5], "smoothing_outputs": [3, 3]}
    return capi.Spotter([capi.Model(TONE, library=library)], **{**defaults, **options})


def assert_same(found: list, expected: list) -> None:
    assert len(found) == len(expected)
    for one, other in zip(found, expected):
        for name in FIELDS:
            assert getattr(one, name) == getattr(other, name), name
        np.testing.assert_array_equal(one.snippet, other.snippet)
        assert one.snippet.dtype == np.int16


def test_declarations_are_those_of_the_header() -> None:
    text = HEADER.read_text(encoding="utf-8")
    text = re.sub(r"/\*.*?\*/", "", text, flags=re.DOTALL)
    text = re.sub(r"^#(?:.*\\\n)*.*$", "", text, flags=re.MULTILINE)
    text = text.replace("PWW_API ", "").replace('extern "C" {', "")
    text = re.sub(r"}\s*$", "", text)  # of extern "C"
    assert text.split() == capi_library.DECLARATIONS.split()
    assert f"#define PWW_ABI_VERSION {capi_library.ABI_VERSION}\n" in HEADER.read_text(
        encoding="utf-8"
    )


def test_library_says_what_it_is(library: capi.Library) -> None:
    assert library.path == str(library_path())
    assert library.isa == _core.isa()
    version = re.search(r'^version = "(.*)"', (ROOT / "pyproject.toml").read_text(), re.MULTILINE)
    assert version is not None
    assert library.version == version[1]


@pytest.mark.parametrize("first_sample", [0, 2**31 - 20_000])
def test_same_detections_as_the_extension(library: capi.Library, first_sample: int) -> None:
    pcm = with_tones(12.0, (0.1, 1000), (2.0, 1000), (2.1, 3000), (7.0, 3000), (9.0, 1000))
    expected = make_spotter(load_model(), first_sample=first_sample).process(pcm)
    assert len(expected) >= 4
    assert_same(make_c_spotter(library, first_sample=first_sample).process(pcm), expected)


@pytest.mark.parametrize("chunk", [7, 160, 1000, 1280])
def test_same_detections_however_it_is_cut(library: capi.Library, chunk: int) -> None:
    pcm = with_tones(6.0, (1.0, 1000), (3.0, 3000))
    spotter = make_c_spotter(library)
    expected = make_spotter(load_model()).process(pcm)
    for _ in range(2):
        assert_same(
            [d for piece in in_chunks(pcm, chunk) for d in spotter.process(piece)], expected
        )
        spotter.reset()


@pytest.mark.parametrize("pre_roll_s", [0.0, 0.2, 5.0])
def test_same_pre_roll(library: capi.Library, pre_roll_s: float) -> None:
    pcm = with_tones(9.0, (7.0, 1000))
    expected = make_spotter(load_model(), pre_roll_s=pre_roll_s).process(pcm)
    assert [d.pre_roll_samples for d in expected] == [pre_roll_s * 16000]
    assert_same(make_c_spotter(library, pre_roll_s=pre_roll_s).process(pcm), expected)


def test_same_scores_and_sizes(library: capi.Library) -> None:
    pcm = with_tones(5.0, (1.0, 1000))
    ours, theirs = make_c_spotter(library), make_spotter(load_model())
    for piece in in_chunks(pcm, 12_345):
        np.testing.assert_array_equal(ours.scores(piece), theirs.scores(piece))
    assert ours.scores(pcm[:0]).shape == (0, 2)
    for name in ("n_keywords", "frame_stride", "nbytes", "history_nbytes"):
        assert getattr(ours, name) == getattr(theirs, name)


@pytest.mark.parametrize("chunk", [7, 160, 12_345, 200_000])
def test_scores_and_detections_in_one_call(library: capi.Library, chunk: int) -> None:
    pcm = with_tones(6.0, (1.0, 1000), (3.0, 3000))
    expected = make_spotter(load_model()).process_with_scores(pcm)
    assert len(expected[0]) == 2
    spotter = make_c_spotter(library)
    parts = [spotter.process_with_scores(piece) for piece in in_chunks(pcm, chunk)]
    assert_same([word for found, _ in parts for word in found], expected[0])
    np.testing.assert_array_equal(np.concatenate([scores for _, scores in parts]), expected[1])


def test_same_under_a_state(library: capi.Library) -> None:
    pcm = with_tones(3.0, (1.0, 1000))
    ours, theirs = make_c_spotter(library), make_spotter(load_model())
    ours.set_state(1, 2, 3)  # music, which this model does not hear through
    assert ours.process(pcm) == []
    for spotter in (ours, theirs):
        spotter.reset()
        spotter.set_state(7, 1, 5)
    assert_same(ours.process(pcm), theirs.process(pcm))


def test_same_thresholds_by_playback(library: capi.Library) -> None:
    pcm = with_tones(6.0, (1.0, 850), (3.0, 3000))  # scores of 0.84 and 1
    ours, theirs = make_c_spotter(library), make_spotter(load_model())
    for spotter in (ours, theirs):
        spotter.set_thresholds(1, [0.95, 0.5])
        spotter.set_state(0, 1, 0)
    found = ours.process(pcm)
    assert [word.keyword_index for word in found] == [1]
    assert_same(found, theirs.process(pcm))
    with pytest.raises(ValueError, match="n_keywords is not the number"):
        ours.set_thresholds(1, [0.5])


def test_volume_buckets_are_those_of_device_state(library: capi.Library) -> None:
    for volume in (0, 0.1, 0.2, 0.39, 0.4, 0.6, 0.8, np.nextafter(0.8, 0), 1.0):
        assert library.lib.pww_volume_bucket(volume) == DeviceState(volume=volume).codes[2]
    assert library.lib.pww_volume_bucket(-1.0) == DeviceState(volume=None).codes[2]


def test_vocabularies_are_those_of_the_extension(library: capi.Library) -> None:
    def words(function: str) -> tuple[str, ...]:
        name = getattr(library.lib, function)
        codes = itertools.takewhile(name, itertools.count())
        return tuple(library.ffi.string(name(code)).decode() for code in codes)

    assert words("pww_device_type_name") == _core.DEVICE_TYPES
    assert words("pww_playback_name") == _core.PLAYBACKS
    assert not library.lib.pww_playback_name(-1)


@pytest.mark.parametrize(
    ("enumeration", "prefix", "vocabulary"),
    [
        ("pww_device_type", "PWW_DEVICE_", _core.DEVICE_TYPES),
        ("pww_playback", "PWW_PLAYBACK_", _core.PLAYBACKS),
    ],
)
def test_the_header_has_the_vocabularies(
    enumeration: str, prefix: str, vocabulary: tuple[str, ...]
) -> None:
    text = re.search(rf"enum {enumeration} {{(.*?)}}", HEADER.read_text("utf-8"), re.DOTALL)
    assert text is not None
    values = re.findall(rf"{prefix}(\w+) = (\d+)", text[1])
    assert values == [(word.upper(), str(index)) for index, word in enumerate(vocabulary)]


def test_clang_format_leaves_the_examples_of_the_header() -> None:
    parts = HEADER.read_text("utf-8").split("/* clang-format off */")[1:]
    examples = [
        line
        for part in parts
        for line in part.split("/* clang-format on */")[0].splitlines()
        if line.startswith(" *   ")
    ]
    assert len(parts) == 2
    assert " *     samples += n_taken;" in examples
    assert all(line.count(";") <= 1 or " for (" in line for line in examples)


def test_runs_a_card(beep_model: Path, boop_model: Path, backend: str) -> None:
    pcm = np.concatenate([utterance("beep"), utterance("boop")])
    ours = WakeWord([beep_model, boop_model], backend=backend)
    theirs = WakeWord([beep_model, boop_model])
    ours.device_state = theirs.device_state = DeviceState("car", "tts", 0.7)
    found, expected = ours.process(pcm), theirs.process(pcm)
    assert [d.keyword for d in found] == ["beep", "boop"]
    assert found == expected
    for one, other in zip(found, expected):
        np.testing.assert_array_equal(one.snippet, other.snippet)


@pytest.mark.parametrize("name", available_models())
def test_bundled_models_give_the_same(name: str, backend: str) -> None:
    # Noise, chirps and silence; a threshold at which they are taken for words.
    random = np.random.default_rng(3)
    t = np.arange(16_000) / 16_000
    chirps = [
        8000 * np.sin(2 * np.pi * (low * t + rise * t * t)) * (t % 0.25 < 0.17)
        for low, rise in random.uniform((100, -50), (1500, 900), (8, 2))
    ]
    noise = [random.normal(size=16_000) * level for level in (10, 300, 5000)]
    signal = np.concatenate([*chirps, *noise, np.zeros(8000), *chirps[::-1]])
    pcm = np.rint(signal.clip(-32768, 32767)).astype(np.int16)
    for state in (DeviceState(), DeviceState("speaker", "music", 0.9)):
        threshold = float(np.quantile(WakeWord(name, device_state=state).scores(pcm), 0.9))
        options = {"threshold": max(threshold, 1e-6), "device_state": state}
        ours, theirs = WakeWord(name, backend=backend, **options), WakeWord(name, **options)
        found, expected = ours.process(pcm), theirs.process(pcm)
        assert expected, "the test needs detections"
        assert found == expected
        for one, other in zip(found, expected):
            np.testing.assert_array_equal(one.snippet, other.snippet)
        ours.reset()
        theirs.reset()
        np.testing.assert_array_equal(ours.scores(pcm), theirs.scores(pcm))


def test_errors(library: capi.Library, beep_model: Path, backend: str) -> None:
    with pytest.raises(ModelError):
        capi.Model(b"junk", library=library)
    with pytest.raises(UnsupportedOpError):
        capi.Model((GOLDEN / "small_model.tflite").read_bytes(), library=library)
    with pytest.raises(ValueError, match="thresholds"):
        make_c_spotter(library, thresholds=[0.5, 2.0])
    with pytest.raises(ValueError, match="n_keywords is 1, but the models have 2"):
        make_c_spotter(library, thresholds=[0.5], smoothing_outputs=[3])
    with pytest.raises(ValueError, match="equal lengths"):
        make_c_spotter(library, thresholds=[0.5])
    with pytest.raises(ValueError, match="at least one network"):
        capi.Spotter([], thresholds=[], smoothing_outputs=[])
    with pytest.raises(ValueError, match="volume_bucket"):
        make_c_spotter(library).set_state(0, 0, 6)
    with pytest.raises(TypeError, match="int16"):
        make_c_spotter(library).process(np.zeros(4, np.float32))
    beep_model.write_bytes(beep_model.read_bytes()[:-1])
    with pytest.raises(ModelError, match="bytes"):
        WakeWord(beep_model, backend=backend)


def test_a_second_thread_is_turned_away(library: capi.Library) -> None:
    spotter = make_c_spotter(library)
    pcm = np.zeros(16_000 * 60, np.int16)
    stop = threading.Event()

    def listen() -> None:
        while not stop.is_set():
            try:
                spotter.process(pcm)
            except StreamError:
                continue

    def reset_until_refused() -> None:
        for _ in range(100_000):
            spotter.reset()
            time.sleep(0)  # else threads only ever change inside reset, which turns them away

    listener = threading.Thread(target=listen)
    listener.start()
    try:
        with pytest.raises(StreamError):
            reset_until_refused()
    finally:
        stop.set()
        listener.join()


def test_missing_library_says_what_was_tried(tmp_path: Path, monkeypatch) -> None:
    pytest.importorskip("cffi", reason="the capi extra is not installed")
    missing = tmp_path / "libnone.so"
    with pytest.raises(LibraryError, match=r"tried: .*libnone\.so"):
        capi.Library(missing)
    monkeypatch.setenv(capi_library.ENVIRONMENT_VARIABLE, str(missing))
    with pytest.raises(LibraryError, match=r"libnone\.so"):
        capi.Library()
    monkeypatch.delenv(capi_library.ENVIRONMENT_VARIABLE)
    monkeypatch.setattr(capi_library, "_file_name", lambda: "libnowhere.so.1")
    with pytest.raises(LibraryError) as caught:
        capi.Library()
    assert str(caught.value).count("libnowhere.so.1") >= 3


def test_foreign_library_is_refused(monkeypatch) -> None:
    monkeypatch.setattr(capi_library, "ABI_VERSION", 99)
    with pytest.raises(LibraryError, match="has version 1 of the C API, not 99"):
        capi.Library(library_path())


def test_forced_instruction_set(library: capi.Library) -> None:
    code = f"from pywakeword import capi; print(capi.Library({library.path!r}).isa)"
    for isa, returncode in (("scalar", 0), ("avx9", 1)):
        done = run("env", f"PYWAKEWORD_ISA={isa}", sys.executable, "-c", code, text=True)
        assert done.returncode == returncode
        assert isa in done.stdout + done.stderr


def test_missing_extra(monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "cffi", None)
    with pytest.raises(MissingExtraError, match=r"pywakeword\[capi\]"):
        capi.Library("any")
    assert issubclass(LibraryError, pywakeword.PyWakewordError)
