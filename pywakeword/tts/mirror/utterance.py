"""Measures how something was said: level, rate, pitch, and whether it was whispered."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pywakeword.audio.pcm import SAMPLE_RATE_HZ, as_pcm
from pywakeword.tts.recording.pitch import track_pitch

Floats = npt.NDArray[np.float64]

_HOP = SAMPLE_RATE_HZ // 100
_SPEECH_DB = 25.0  # below the loudest frame
_ABOVE_FLOOR_DB = 6.0
_SHORTEST_S = 0.3
# Whispers have hardly any pitch, and little energy below 1 kHz compared with speech.
_WHISPER_VOICED = 0.4
_WHISPER_TILT_DB = 9.0
_DIP_DB = 2.0
_SMOOTH_FRAMES = 7


@dataclass(frozen=True)
class UtteranceProsody:
    """How an utterance was said.

    Attributes
    ----------
    level_db : float
        Level of the frames with speech, in dB below full scale.
    rate : float
        Syllables per second of speech, counted as peaks of loudness.
    pitch_hz : float or None
        Median pitch; None if hardly anything is voiced.
    pitch_range : float or None
        Semitones between the 10th and the 90th percentile of the pitch.
    voiced : float
        Share of the speech that has a pitch.
    tilt_db : float
        Energy below 1 kHz relative to that above 2 kHz.
    whispered : bool
        Whether it was whispered.
    """

    level_db: float
    rate: float
    pitch_hz: float | None
    pitch_range: float | None
    voiced: float
    tilt_db: float
    whispered: bool


def measure_utterance(pcm: npt.NDArray[np.int16]) -> UtteranceProsody | None:
    """Measure mono 16 kHz speech; None if there is less than 0.3 s of it."""
    audio = np.asarray(as_pcm(pcm), np.float32) / np.float32(32768)
    n_frames = len(audio) // _HOP
    if n_frames < round(_SHORTEST_S * 100):
        return None
    spectra = _power_spectra(audio, n_frames)
    loudness = 10 * np.log10(spectra.sum(1) + 1e-12)
    floor = float(np.percentile(loudness, 5))
    speech = loudness > max(float(loudness.max()) - _SPEECH_DB, floor + _ABOVE_FLOOR_DB)
    if speech.sum() < round(_SHORTEST_S * 100):
        return None
    f0 = track_pitch(audio, SAMPLE_RATE_HZ, _HOP)[:n_frames]
    pitched = f0[(f0 > 0) & speech]
    voiced = len(pitched) / int(speech.sum())
    hz = np.linspace(0, SAMPLE_RATE_HZ / 2, spectra.shape[1])
    mean = spectra[speech].mean(0)
    low = float(mean[(hz > 100) & (hz < 1000)].sum())
    tilt = 10 * np.log10(low / max(float(mean[hz > 2000].sum()), 1e-12) + 1e-12)
    has_pitch = len(pitched) >= 10
    semitones = 12 * np.log2(pitched) if has_pitch else np.zeros(2)
    frames = audio[: n_frames * _HOP].reshape(n_frames, _HOP)
    return UtteranceProsody(
        level_db=float(10 * np.log10(np.mean(frames[speech].astype(np.float64) ** 2) + 1e-12)),
        rate=100 * _peaks(loudness, speech) / int(speech.sum()),
        pitch_hz=float(np.median(pitched)) if has_pitch else None,
        pitch_range=float(np.ptp(np.percentile(semitones, (10, 90)))) if has_pitch else None,
        voiced=voiced,
        tilt_db=float(tilt),
        whispered=voiced < _WHISPER_VOICED and float(tilt) < _WHISPER_TILT_DB,
    )


def _power_spectra(audio: npt.NDArray[np.float32], n_frames: int) -> Floats:
    padded = np.pad(audio, (0, 400))
    frames = padded[np.arange(n_frames)[:, None] * _HOP + np.arange(400)]
    return np.asarray(np.abs(np.fft.rfft(frames * np.hanning(400), 512)) ** 2, np.float64)


def _peaks(loudness: Floats, speech: npt.NDArray[np.bool_]) -> int:
    """Count the peaks of the smoothed loudness that stand out by 2 dB on both sides."""
    smooth = np.convolve(loudness, np.hanning(_SMOOTH_FRAMES + 2)[1:-1] / 4, "same")
    count, low, high, rising = 0, smooth[0], smooth[0], True
    peak = 0
    for frame, value in enumerate(smooth):
        if rising:
            if value > high:
                high, peak = value, frame
            elif value < high - _DIP_DB:
                count += bool(speech[peak])
                low, rising = value, False
        elif value < low:
            low = value
        elif value > low + _DIP_DB:
            high, peak, rising = value, frame, True
    return count
