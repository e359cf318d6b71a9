"""Echo cancellers behind one call, and the CPU time that each takes."""

from __future__ import annotations

import ctypes
import ctypes.util
import importlib.util
import time
from collections.abc import Callable

import numpy as np

import pywakeword as pww
from pywakeword.audio.pcm import SAMPLE_RATE_HZ
from tools.echo.scenes import Pcm

FRAME_SAMPLES = 160
TAIL_SAMPLES = 4000
_SPEEX_SET_SAMPLING_RATE = 24
# A canceller must begin before the direct sound; half a frame earlier is safe.
_EARLY_SAMPLES = 80
# By correlation of noise with what comes out of it.
_AEC3_LATE_SAMPLES = 128

# Takes microphone, loudspeaker and the true delay; returns the output and CPU seconds.
Canceller = Callable[[Pcm, Pcm, int], tuple[Pcm, float]]


def nothing(microphone: Pcm, loudspeaker: Pcm, delay_samples: int) -> tuple[Pcm, float]:
    """Return the microphone."""
    return microphone, 0.0


def pywakeword(microphone: Pcm, loudspeaker: Pcm, delay_samples: int) -> tuple[Pcm, float]:
    """Run `EchoCanceller`, which is not told the delay."""
    canceller = pww.EchoCanceller()
    pieces = []
    begin = time.process_time()
    for at in range(0, len(microphone), FRAME_SAMPLES):
        end = at + FRAME_SAMPLES
        pieces.append(canceller.process(microphone[at:end], loudspeaker[at:end]))
    return np.concatenate(pieces), time.process_time() - begin


def libspeexdsp(microphone: Pcm, loudspeaker: Pcm, delay_samples: int) -> tuple[Pcm, float]:
    """Run the linear canceller of libspeexdsp with the true delay (Debian libspeexdsp1)."""
    name = ctypes.util.find_library("speexdsp")
    if name is None:
        raise OSError("libspeexdsp is missing: apt-get install libspeexdsp1")
    library = ctypes.CDLL(name)
    library.speex_echo_state_init.restype = ctypes.c_void_p
    state = ctypes.c_void_p(library.speex_echo_state_init(FRAME_SAMPLES, TAIL_SAMPLES))
    rate = ctypes.c_int(SAMPLE_RATE_HZ)
    library.speex_echo_ctl(state, _SPEEX_SET_SAMPLING_RATE, ctypes.byref(rate))
    shift = max(0, delay_samples - _EARLY_SAMPLES)
    played = np.concatenate([np.zeros(shift, np.int16), loudspeaker])[: len(microphone)]
    out = microphone.copy()
    begin = time.process_time()
    for at in range(0, len(microphone) - FRAME_SAMPLES + 1, FRAME_SAMPLES):
        library.speex_echo_cancellation(
            state, *(a[at:].ctypes.data_as(ctypes.c_void_p) for a in (microphone, played, out))
        )
    seconds = time.process_time() - begin
    library.speex_echo_state_destroy(state)
    return out, seconds


def webrtc_aec3(microphone: Pcm, loudspeaker: Pcm, delay_samples: int) -> tuple[Pcm, float]:
    """Run WebRTC's AEC3 with its suppressor, told the delay (PyPI pywebrtc-audio).

    The binding gives no linear output. Its high-pass filter stays; its delay is taken out.
    """
    import pywebrtc_audio

    canceller = pywebrtc_audio.EchoCanceller(
        sample_rate=SAMPLE_RATE_HZ, stream_delay_ms=delay_samples * 1000 // SAMPLE_RATE_HZ
    )
    pieces = []
    begin = time.process_time()
    for at in range(0, len(microphone), FRAME_SAMPLES):
        end = at + FRAME_SAMPLES
        pieces.append(canceller.process(microphone[at:end], loudspeaker[at:end]))
    seconds = time.process_time() - begin
    out = np.concatenate([*pieces, np.zeros(_AEC3_LATE_SAMPLES, np.int16)])
    return out[_AEC3_LATE_SAMPLES:], seconds


def cancellers() -> dict[str, Canceller]:
    """Return the cancellers to compare: AEC3 only where its binding is installed."""
    found: dict[str, Canceller] = {
        "nothing": nothing,
        "libspeexdsp, told the delay": libspeexdsp,
        "pywakeword": pywakeword,
    }
    if importlib.util.find_spec("pywebrtc_audio") is not None:
        found["WebRTC AEC3, told the delay"] = webrtc_aec3
    return found
