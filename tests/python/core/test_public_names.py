from __future__ import annotations

import pickle
import sys

import pytest
from helpers.child_process import run

import pywakeword
from pywakeword import errors

pytestmark = pytest.mark.portable

EXPECTED = [
    "AddonError",
    "AmrRepair",
    "Arbitrator",
    "ArraySource",
    "AudioDeviceError",
    "AudioError",
    "AudioFormatError",
    "AudioSource",
    "BlockError",
    "Calibration",
    "CalibrationError",
    "CalibrationRow",
    "Card",
    "CardError",
    "ConfigError",
    "Decision",
    "Detection",
    "DeviceState",
    "EchoCancelledSource",
    "EchoCanceller",
    "EncoderStream",
    "Encoding",
    "End",
    "EndpointEvent",
    "EndpointRule",
    "Endpointer",
    "EosPosterior",
    "EosSource",
    "FileSource",
    "FrameBatch",
    "FrameBatcher",
    "FrameRepair",
    "Hypothesis",
    "LibraryError",
    "MicrophoneSource",
    "MissingExtraError",
    "ModelError",
    "ModelNotFoundError",
    "NetworkArbitrator",
    "NoSpeech",
    "PhonesError",
    "PocketsphinxSource",
    "PossibleEnd",
    "PyWakewordError",
    "Recogniser",
    "RecogniserError",
    "RecogniserNotInstalledError",
    "RecogniserTimeoutError",
    "Recognition",
    "Repair",
    "Request",
    "RequestListener",
    "Resumed",
    "ServiceError",
    "ServiceRefusedError",
    "ServiceTimeoutError",
    "ServiceTruncatedError",
    "ServiceUnavailableError",
    "SpeechStart",
    "StdinSource",
    "StreamError",
    "StreamingEncoder",
    "TranscribingSource",
    "Transcript",
    "TranscriptArbitrator",
    "TruncationCheck",
    "TwoPassEndpointer",
    "UnsupportedOpError",
    "Utterance",
    "UtteranceJoiner",
    "WaitPolicy",
    "WakeWord",
    "WhisperSource",
    "Word",
    "__version__",
    "available_models",
    "default_models",
]

OPTIONAL = [
    "amrlib",
    "ai_edge_litert",
    "cffi",
    "fastapi",
    "httpx",
    "matplotlib",
    "onnxruntime",
    "penman",
    "pocketsphinx",
    "scipy",
    "sounddevice",
    "soundfile",
    "soxr",
    "tqdm",
    "wyoming",
    "zeroconf",
]


def test_all_is_pinned() -> None:
    assert sorted(pywakeword.__all__) == sorted(EXPECTED)
    for name in EXPECTED:
        assert hasattr(pywakeword, name)


def test_endpointing_is_imported_when_it_is_asked_for() -> None:
    code = (
        "import sys, pywakeword; assert 'pywakeword.endpointing.two_pass' not in sys.modules; "
        "assert {*pywakeword.__all__, 'endpointing'} <= {*dir(pywakeword), 'endpointing'}; "
        "assert pywakeword.endpointing.Request is pywakeword.Request; "
        "from pywakeword import *; assert RequestListener; "
        "assert not hasattr(pywakeword, 'Missing')"
    )
    run(sys.executable, "-c", code, check=True)


def test_import_does_without_heavy_modules() -> None:
    heavy = {"hashlib", "tempfile", "importlib.resources", "asyncio"}
    code = (
        "import numpy, sys; before = set(sys.modules); import pywakeword; "
        f"pywakeword.WakeWord('alexa'); print(*(set(sys.modules) - before) & {heavy!r})"
    )
    found = run(sys.executable, "-c", code, text=True, check=True)
    assert found.stdout.strip() == ""


def test_every_error_has_the_same_root() -> None:
    for name in errors.__all__:
        assert issubclass(getattr(errors, name), pywakeword.PyWakewordError)


@pytest.mark.parametrize(
    "error",
    [
        pywakeword.ModelNotFoundError("bip", ("beep",)),
        pywakeword.AddonError("stack.type", "is missing"),
        pywakeword.MissingExtraError("soxr", "audio"),
        pywakeword.CalibrationError("too low"),
        errors.VerifierRefusedError(404, "unknown_keyword", "no such word"),
        errors.VerifierUnavailableError("busy", "too many", 1.0),
    ],
)
def test_errors_travel_between_processes(error: Exception) -> None:
    assert str(pickle.loads(pickle.dumps(error))) == str(error)


def test_import_needs_numpy_only() -> None:
    modules = "sys, pywakeword, pywakeword.cli, pywakeword.verifier"
    code = f"import {modules}; print(set(sys.modules) & set({OPTIONAL!r}))"
    found = run(sys.executable, "-c", code, text=True, check=True)
    assert found.stdout.strip() == "set()"


def test_missing_extra_names_it(monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "soundfile", None)
    with pytest.raises(pywakeword.MissingExtraError) as caught:
        pywakeword.FileSource("x.wav")
    assert caught.value.extra == "audio"
    assert str(caught.value) == "soundfile is not installed: pip install 'pywakeword[audio]'"
