"""Other voice activity detectors behind one call, for comparison only.

Each gives (posteriors, samples consumed when each was known). A missing package raises.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt

import pywakeword
from pywakeword.models.onnx import open_session

Pcm = npt.NDArray[np.int16]
Known = tuple[npt.NDArray[np.float32], npt.NDArray[np.int64]]
Detect = Callable[[Pcm], Known]

# All are fed in the chunks that silero demands, as from a microphone.
CHUNK = 512
_WEBRTC_FRAME = 480
_TEN_FRAME = 256


def ours(model: str) -> Detect:
    """Return the core's detector: front end and network."""
    endpointer = pywakeword.Endpointer(model=model)

    def detect(pcm: Pcm) -> Known:
        endpointer.reset()
        parts = [endpointer.probabilities(pcm[i : i + CHUNK]) for i in range(0, len(pcm), CHUNK)]
        values = np.concatenate(parts)
        return values, 160 * np.arange(len(values)) + 400

    return detect


def silero() -> Detect:
    """Return silero-vad's ONNX model on one thread, without its PyTorch wrapper."""
    spec = importlib.util.find_spec("silero_vad")
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError("silero_vad is not installed: pip install --no-deps silero-vad")
    path = Path(spec.origin).parent / "data" / "silero_vad.onnx"
    session = open_session(path, extra="endpoint")
    rate = np.array(16_000, np.int64)

    def detect(pcm: Pcm) -> Known:
        state = np.zeros((2, 1, 128), np.float32)
        window = np.zeros((1, 64 + CHUNK), np.float32)  # the last 64 samples come again
        values = []
        for i in range(0, len(pcm) - CHUNK + 1, CHUNK):
            window[0, :64] = window[0, -64:]
            window[0, 64:] = pcm[i : i + CHUNK] / np.float32(32768)
            value, state = session.run(None, {"input": window, "state": state, "sr": rate})
            values.append(value[0, 0])
        return np.array(values, np.float32), CHUNK * np.arange(1, len(values) + 1)

    return detect


def webrtc(modes: tuple[int, ...] = (0, 1, 2, 3)) -> Detect:
    """Return WebRTC's detector, 30 ms frames; the posterior is the share of modes for speech."""
    import webrtcvad

    def detect(pcm: Pcm) -> Known:
        detectors = [webrtcvad.Vad(mode) for mode in modes]
        raw = pcm.astype("<i2").tobytes()
        n = len(pcm) // _WEBRTC_FRAME
        size = 2 * _WEBRTC_FRAME
        values = [
            sum(d.is_speech(raw[size * i : size * (i + 1)], 16_000) for d in detectors) / len(modes)
            for i in range(n)
        ]
        return np.array(values, np.float32), _WEBRTC_FRAME * np.arange(1, n + 1)

    return detect


def ten() -> Detect:
    """Return ten-vad's detector, 16 ms frames; `OSError` where its library does not load."""
    from ten_vad import TenVad

    def detect(pcm: Pcm) -> Known:
        detector = TenVad(_TEN_FRAME, 0.5)
        n = len(pcm) // _TEN_FRAME
        values = [detector.process(pcm[_TEN_FRAME * i : _TEN_FRAME * (i + 1)])[0] for i in range(n)]
        return np.array(values, np.float32), _TEN_FRAME * np.arange(1, n + 1)

    detect(np.zeros(_TEN_FRAME, np.int16))
    return detect
