from __future__ import annotations

import pickle
import sys

import pytest
from child_process import run

import pywakeword
from pywakeword import errors

EXPECTED = [
    "ArraySource",
    "AudioDeviceError",
    "AudioError",
    "AudioFormatError",
    "AudioSource",
    "Calibration",
    "CalibrationError",
    "CalibrationRow",
    "Card",
    "CardError",
    "Detection",
    "DeviceState",
    "End",
    "EndpointEvent",
    "EndpointRule",
    "Endpointer",
    "FileSource",
    "FrameBatch",
    "FrameBatcher",
    "LibraryError",
    "MicrophoneSource",
    "MissingExtraError",
    "ModelError",
    "ModelNotFoundError",
    "NoSpeech",
    "PossibleEnd",
    "PyWakewordError",
    "Resumed",
    "SpeechStart",
    "StdinSource",
    "StreamError",
    "UnsupportedOpError",
    "WakeWord",
    "__version__",
    "available_models",
]

OPTIONAL = [
    "ai_edge_litert",
    "cffi",
    "matplotlib",
    "scipy",
    "sounddevice",
    "soundfile",
    "soxr",
    "tqdm",
]


def test_all_is_pinned() -> None:
    assert sorted(pywakeword.__all__) == sorted(EXPECTED)
    for name in EXPECTED:
        assert hasattr(pywakeword, name)


def test_every_error_has_the_same_root() -> None:
    for name in errors.__all__:
        assert issubclass(getattr(errors, name), pywakeword.PyWakewordError)


@pytest.mark.parametrize(
    "error",
    [
        pywakeword.ModelNotFoundError("bip", ("beep",)),
        pywakeword.MissingExtraError("soxr", "audio"),
        pywakeword.CalibrationError("too low"),
    ],
)
def test_errors_travel_between_processes(error: Exception) -> None:
    assert str(pickle.loads(pickle.dumps(error))) == str(error)


def test_import_needs_numpy_only() -> None:
    code = f"import sys, pywakeword; print(set(sys.modules) & set({OPTIONAL!r}))"
    found = run(sys.executable, "-c", code, text=True, check=True)
    assert found.stdout.strip() == "set()"


def test_missing_extra_names_it(monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "soundfile", None)
    with pytest.raises(pywakeword.MissingExtraError) as caught:
        pywakeword.FileSource("x.wav")
    assert caught.value.extra == "audio"
    assert str(caught.value) == "soundfile is not installed: pip install 'pywakeword[audio]'"
