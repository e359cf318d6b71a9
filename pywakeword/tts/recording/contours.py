"""Measures log F0, energy and phone durations of a recording."""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pywakeword._extras import require
from pywakeword.audio.pcm import SAMPLE_RATE_HZ
from pywakeword.errors import SpeechlessAudioError
from pywakeword.tts.recording.alignment import FRAMES_PER_SECOND, Alignment

REFERENCE_HZ = 160.0  # F0 of zero octaves
_LOWEST_HZ, _HIGHEST_HZ = 70.0, 450.0  # from a man's voice to a child's
_FEWEST_VOICED_FRAMES = 10
_HOP = SAMPLE_RATE_HZ // FRAMES_PER_SECOND
_WINDOW = 400
_FLOOR = 1e-7  # mean square: -70 dB


@dataclass(frozen=True)
class FrameContours:
    """Contours at 100 frames per second.

    Attributes
    ----------
    octaves : (n_frames,) ndarray of float32
        Log F0 above `REFERENCE_HZ`, interpolated where unvoiced.
    voiced : (n_frames,) ndarray of bool
        Where F0 was measured.
    energy_db : (n_frames,) ndarray of float32
        Mean square over 25 ms, relative to full scale.
    """

    octaves: npt.NDArray[np.float32]
    voiced: npt.NDArray[np.bool_]
    energy_db: npt.NDArray[np.float32]


@dataclass(frozen=True)
class PhoneContours:
    """One value per phone of an alignment, without the pauses.

    Attributes
    ----------
    names : tuple of str
        Names of the phones.
    words : (n_phones,) ndarray of int
        Index of each phone's word.
    octaves : (n_phones,) ndarray of float32
        Mean log F0 of the voiced frames, interpolated for phones without any.
    has_pitch : (n_phones,) ndarray of bool
        Whether the phone has voiced frames.
    energy_db : (n_phones,) ndarray of float32
        Mean level.
    seconds : (n_phones,) ndarray of float32
        Duration.
    pause_before_s : (n_phones,) ndarray of float32
        Duration of the pause before the phone, 0 without one and for the first phone.
    """

    names: tuple[str, ...]
    words: npt.NDArray[np.int64]
    octaves: npt.NDArray[np.float32]
    has_pitch: npt.NDArray[np.bool_]
    energy_db: npt.NDArray[np.float32]
    seconds: npt.NDArray[np.float32]
    pause_before_s: npt.NDArray[np.float32]


def frame_contours(pcm: npt.NDArray[np.int16]) -> FrameContours:
    """Measure mono PCM at 16 kHz.

    Raises
    ------
    SpeechlessAudioError
        If less than 100 ms are voiced.
    MissingExtraError
        If pyworld is not installed (extra `prosody`).
    """
    with warnings.catch_warnings():  # pyworld uses a deprecated way to find its version
        warnings.simplefilter("ignore", UserWarning)
        pyworld = require("pyworld", "prosody")
    n_frames = len(pcm) // _HOP
    signal = pcm.astype(np.float64) / 32768
    if n_frames:
        f0, times = pyworld.dio(
            signal, SAMPLE_RATE_HZ, f0_floor=_LOWEST_HZ, f0_ceil=_HIGHEST_HZ, frame_period=10.0
        )
        f0 = pyworld.stonemask(signal, f0, times, SAMPLE_RATE_HZ)[:n_frames]
    else:
        f0 = np.zeros(0)
    voiced = f0 > 0
    if voiced.sum() < _FEWEST_VOICED_FRAMES:
        raise SpeechlessAudioError(f"{len(pcm) / SAMPLE_RATE_HZ:.1f} s of audio without a voice")
    where = np.arange(n_frames)
    octaves = np.interp(where, where[voiced], np.log2(f0[voiced] / REFERENCE_HZ))
    padded = np.pad(signal, _WINDOW)
    power = np.concatenate([[0.0], np.cumsum(padded**2)])
    centres = _WINDOW + where * _HOP + _HOP // 2
    mean_square = (power[centres + _WINDOW // 2] - power[centres - _WINDOW // 2]) / _WINDOW
    energy_db = 10 * np.log10(np.maximum(mean_square, _FLOOR))
    return FrameContours(octaves.astype(np.float32), voiced, energy_db.astype(np.float32))


def phone_contours(frames: FrameContours, alignment: Alignment) -> PhoneContours:
    """Average over the phones of an alignment of the same recording.

    Raises
    ------
    SpeechlessAudioError
        If no phone is voiced.
    """
    spoken = alignment.spoken
    n_frames = len(frames.octaves)
    octaves, energy, has_pitch = [], [], []
    for phone in spoken:
        span = slice(min(phone.start, n_frames - 1), max(phone.start + 1, min(phone.end, n_frames)))
        voiced = frames.voiced[span]
        has_pitch.append(bool(voiced.any()))
        octaves.append(frames.octaves[span][voiced].mean() if voiced.any() else 0.0)
        energy.append(frames.energy_db[span].mean())
    known = np.array(has_pitch)
    if not known.any():
        raise SpeechlessAudioError("no phone of the text is voiced")
    index = np.arange(len(spoken))
    filled = np.interp(index, index[known], np.array(octaves)[known])
    return PhoneContours(
        names=tuple(phone.name for phone in spoken),
        words=np.array([phone.word for phone in spoken]),
        octaves=filled.astype(np.float32),
        has_pitch=known,
        energy_db=np.array(energy, np.float32),
        seconds=np.array([(p.end - p.start) / FRAMES_PER_SECOND for p in spoken], np.float32),
        pause_before_s=_pauses(alignment),
    )


def _pauses(alignment: Alignment) -> npt.NDArray[np.float32]:
    pauses, end = [], None
    for phone in alignment.spoken:
        pauses.append(0.0 if end is None else (phone.start - end) / FRAMES_PER_SECOND)
        end = phone.end
    return np.array(pauses, np.float32)
