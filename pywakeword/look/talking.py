"""`TalkingToMe`: a look and speech together are an `Attention`."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from pywakeword._checks import check_number
from pywakeword.audio.pcm import SAMPLE_RATE_HZ
from pywakeword.audio.source import PcmBlock
from pywakeword.events import EndpointEvent, Resumed, SpeechStart
from pywakeword.look.source import Look

_RELEASE = 0.6  # of the threshold
_FLOOR_DB_PER_S = 3.0  # how fast the noise floor may rise
_SPEECH_S = 0.2


class TalkingToMe:
    """Decides when somebody who looks at the device talks to it.

    Parameters
    ----------
    threshold : float
        Lowest probability that counts as a look.
    look_s : float
        How long the look must last.
    level_db : float
        How far the speech must be above the noise.

    Raises
    ------
    ValueError
        If an option is out of range.
    """

    def __init__(
        self, *, threshold: float = 0.6, look_s: float = 0.7, level_db: float = 10.0
    ) -> None:
        for name, value in (("look_s", look_s), ("level_db", level_db)):
            check_number(name, value)
        check_number("threshold", threshold)
        if not 0 < threshold < 1:
            raise ValueError(f"threshold must be between 0 and 1, got {threshold!r}")
        self._threshold = threshold
        self._look_samples = round(look_s * SAMPLE_RATE_HZ)
        self._level_db = level_db
        self._floor_db = 0.0
        self._loudest_db = -120.0
        self._speech: int | None = None
        self._looking: int | None = None
        self._used = False

    @property
    def looking(self) -> bool:
        """Whether somebody looks at the device now."""
        return self._looking is not None

    def reset(self) -> None:
        """Wait for speech that begins from here on."""
        self._speech = None

    def process(
        self,
        block: PcmBlock,
        begin: int,
        events: Sequence[EndpointEvent],
        looks: Sequence[Look],
    ) -> int | None:
        """Return where the speech to the device begins, at most once per look and utterance.

        Parameters
        ----------
        block : (n_samples,) ndarray of int16
            The audio from sample `begin` on.
        events : sequence of EndpointEvent
            What the endpointer found in it.
        looks : sequence of Look
            What the camera saw meanwhile.
        """
        now = begin + len(block)
        self._measure(block)
        for event in events:
            if isinstance(event, (SpeechStart, Resumed)):
                self._speech = event.sample if self._speech is None else self._speech
            else:
                self._speech = None
                self._loudest_db, self._used = -120.0, False
        for look in looks:
            if look.probability >= self._threshold and self._looking is None:
                self._looking = round(look.time_s * SAMPLE_RATE_HZ)
            elif look.probability < _RELEASE * self._threshold:
                self._looking, self._used = None, False
        if self._used or self._looking is None or self._speech is None:
            return None
        long_enough = (
            now - self._looking >= self._look_samples
            and now - self._speech >= _SPEECH_S * SAMPLE_RATE_HZ
        )
        if not long_enough or self._loudest_db < self._floor_db + self._level_db:
            return None
        self._used = True
        return max(self._speech, self._looking)

    def _measure(self, block: PcmBlock) -> None:
        if not len(block):
            return
        power = float(np.mean(block.astype(np.float64) ** 2))
        level_db = 10 * float(np.log10(power + 1.0))
        if self._floor_db == 0.0:
            self._floor_db = level_db
        rise = _FLOOR_DB_PER_S * len(block) / SAMPLE_RATE_HZ
        self._floor_db = min(level_db, self._floor_db + rise)
        if self._speech is not None:
            self._loudest_db = max(self._loudest_db, level_db)
