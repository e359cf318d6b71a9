"""Room impulse responses: measured home-like ones and image-source rooms."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.signal import fftconvolve

from pywakeword.audio.pcm import SAMPLE_RATE_HZ
from pywakeword.training.material.corpus import Clip, decode

# Of the measured responses only these are home-like; the halls (RT60 of 1.2 to 5 s) stay out.
_HOME = ("iosr_room_a", "house_impulses", "emptyapartmentbedroom", "basement")


def _trim(response: npt.NDArray[np.floating]) -> npt.NDArray[np.float32]:
    """Start at the direct sound and give it unit gain, so that labels stay aligned."""
    direct = int(np.argmax(np.abs(response)))
    early = response[max(0, direct - 8) :]
    return np.asarray(early / np.abs(early).max(), np.float32)


def measured_rooms(clips: list[Clip]) -> list[npt.NDArray[np.float32]]:
    """Home-like responses among the manifest's rir clips."""
    return [
        _trim(decode(c.path))
        for c in clips
        if c.category == "rir" and any(home in str(c.path) for home in _HOME)
    ]


def simulated_rooms(
    count: int, rng: np.random.Generator, *, far: bool = False
) -> list[npt.NDArray[np.float32]]:
    """Image-source living rooms and kitchens, RT60 of 0.2 to 0.7 s.

    `far` puts source and microphone at least 1.5 m apart; otherwise 0.3 to 5 m.
    """
    import pyroomacoustics  # in the extra train; not needed with your own responses

    responses: list[npt.NDArray[np.float32]] = []
    while len(responses) < count:
        size = rng.uniform((2.5, 2.5, 2.2), (8.0, 6.0, 3.2))
        rt60 = rng.uniform(0.2, 0.7)
        try:
            absorption, order = pyroomacoustics.inverse_sabine(rt60, size)
        except ValueError:  # the room is too large for so short a reverberation
            continue
        room = pyroomacoustics.ShoeBox(
            size,
            fs=SAMPLE_RATE_HZ,
            materials=pyroomacoustics.Material(absorption),
            max_order=min(order, 14),
        )
        source, microphone = rng.uniform(0.3, size - 0.3), rng.uniform(0.3, size - 0.3)
        if np.linalg.norm(source - microphone) < (1.5 if far else 0.3):
            continue
        room.add_source(source)
        room.add_microphone(microphone)
        room.compute_rir()
        responses.append(_trim(np.asarray(room.rir[0][0])))
    return responses


def reverberate(
    samples: npt.NDArray[np.float32], response: npt.NDArray[np.float32]
) -> npt.NDArray[np.float32]:
    """Convolve; as long as the input and aligned with it."""
    return np.asarray(fftconvolve(samples, response)[: len(samples)], np.float32)
