"""From looks and speech to an `Attention`, which stands for the wake word."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from pywakeword.audio.history import AudioHistory
from pywakeword.audio.pcm import SAMPLE_RATE_HZ
from pywakeword.audio.source import PcmBlock
from pywakeword.events import Attention, EndpointEvent
from pywakeword.look import Look, LookSource, TalkingToMe
from pywakeword.session.clock import SampleClock
from pywakeword.session.events import Failed, LookChanged, SessionEvent

_PRE_ROLL_SAMPLES = SAMPLE_RATE_HZ // 2
_OLDEST_SAMPLES = 8 * SAMPLE_RATE_HZ  # of a long talk, this much is taken


@dataclass
class Attending:
    """Watches for somebody who looks at the device and talks. A failed camera is reported once."""

    source: LookSource
    talking: TalkingToMe
    history: AudioHistory
    clock: SampleClock
    report: Callable[[SessionEvent], None]
    _last: Look = field(default_factory=lambda: Look(0.0, 0.0, None, 0))
    _failed: bool = False

    def process(
        self, block: PcmBlock, events: Sequence[EndpointEvent], *, waiting: bool
    ) -> Attention | None:
        """Return what the block, which the clock has passed, completes."""
        now = self.clock.now
        was_looking = self.talking.looking
        looks = self._looks(now)
        if looks:
            self._last = looks[-1]
        start = self.talking.process(block, now - len(block), events, looks)
        if self.talking.looking != was_looking:
            self.report(LookChanged(now, self.talking.looking, self._last.probability))
        if not waiting:
            self.talking.reset()  # what is said now is for the turn that is open
            return None
        if start is None:
            return None
        start = max(start, now - _OLDEST_SAMPLES)
        begin, snippet = self.history.cut(max(0, start - _PRE_ROLL_SAMPLES), now)
        gaze = self._last.gaze
        return Attention(
            probability=self._last.probability,
            yaw=0.0 if gaze is None else gaze.yaw,
            pitch=0.0 if gaze is None else gaze.pitch,
            start_sample=start,
            detected_sample=now,
            snippet=snippet,
            pre_roll_samples=start - begin,
        )

    def _looks(self, now: int) -> list[Look]:
        if self._failed:
            return []
        try:
            return self.source.until(now / SAMPLE_RATE_HZ)
        except Exception as error:
            self._failed = True
            self.report(Failed(now, "look", error))
            return [Look(now / SAMPLE_RATE_HZ, 0.0, None, 0)]
