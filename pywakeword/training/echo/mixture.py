"""What a microphone records of the device's own sound, beside what went to the loudspeaker."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pywakeword.audio.echo import EchoCanceller
from pywakeword.audio.pcm import SAMPLE_RATE_HZ
from pywakeword.training.material.features import to_pcm

_MOST_DELAY_S = 0.2
_LOUDEST = 0.4  # peak of what goes to the loudspeaker, of full scale
_FULL = 0.99
Signal = npt.NDArray[np.float32]
Pcm = npt.NDArray[np.int16]


@dataclass(frozen=True)
class Sound:
    """A sound of the device.

    Attributes
    ----------
    dry : (n_samples,) ndarray of float
        What goes to the loudspeaker.
    wet : (n_samples,) ndarray of float
        What arrives in the microphone, aligned with it.
    """

    dry: Signal
    wet: Signal


@dataclass(frozen=True)
class Mixture:
    """Two recordings that began together: microphone and loudspeaker."""

    microphone: Pcm
    loudspeaker: Pcm

    def cancelled(self, canceller: EchoCanceller | None = None) -> Pcm:
        """Return the microphone after a canceller, by default a new one."""
        canceller = EchoCanceller() if canceller is None else canceller
        return canceller.process(self.microphone, self.loudspeaker)


def looped(sound: Sound, n_samples: int, rng: np.random.Generator) -> Sound:
    """Cut a stretch that begins anywhere in a sound, repeated if it is shorter.

    The echo is up to 200 ms later than the loudspeaker, as buffers make it.
    """
    offset = int(rng.integers(len(sound.dry)))
    delay = int(rng.uniform(0, _MOST_DELAY_S) * SAMPLE_RATE_HZ)
    return Sound(
        np.resize(np.roll(sound.dry, -offset - delay), n_samples),
        np.resize(np.roll(sound.wet, -offset), n_samples),
    )


def mix(near: Signal, sound: Sound) -> Mixture:
    """Add a sound to what else the microphone records; scaled down where the sum would clip."""
    summed = near + sound.wet
    peak = float(np.abs(summed).max(initial=0.0))
    dry = sound.dry * (_LOUDEST / max(float(np.abs(sound.dry).max(initial=0.0)), 1e-9))
    return Mixture(to_pcm(summed * min(1.0, _FULL / max(peak, 1e-9))), to_pcm(dry))
