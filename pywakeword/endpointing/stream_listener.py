"""`StreamListener`: feeds one stream to a wake word detector and an endpointer, in step."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from pywakeword.audio.pcm import Pcm, as_pcm
from pywakeword.audio.source import PcmBlock
from pywakeword.endpointing.recognisers.transcribing import TranscribingSource
from pywakeword.events import Detection, EndpointEvent
from pywakeword.wakeword import WakeWord

FRAME_SAMPLES = 160
# The front end is shared only if neither detector is more than 160 ms ahead of the other.
PIECE_SAMPLES = 8 * FRAME_SAMPLES


class AnyEndpointer(Protocol):
    """`Endpointer` or `TwoPassEndpointer`."""

    @property
    def grace_ms(self) -> float:
        """How long after an `End` speech is `Resumed`."""

    def process(self, pcm: Pcm) -> list[EndpointEvent]:
        """Consume audio."""

    def start_after_wake_word(self, detection: Detection | int) -> list[EndpointEvent]:
        """Listen for what follows a wake word."""

    def close(self) -> list[EndpointEvent]:
        """End the utterance that is open."""

    def reset(self) -> None:
        """Start a new stream."""

    def share_front_end(self, spotter: WakeWord) -> bool:
        """Compute the front end once for both."""


@dataclass(frozen=True, eq=False)
class StreamPart:
    """A part of the stream, and what was found in it.

    Attributes
    ----------
    pcm : (n_samples,) ndarray of int16
        The part.
    events : list of EndpointEvent
        What the endpointer decided in it.
    detection : Detection or None
        The wake word detected in its last frame.
    """

    pcm: PcmBlock
    events: list[EndpointEvent]
    detection: Detection | None


class StreamListener:
    """The level below `RequestListener` and `VoiceSession`: events as soon as they are decided.

    The front end is computed once for both detectors. One object is one stream: feed it
    from one thread.

    Parameters
    ----------
    spotter : WakeWord
        Detects the wake words.
    endpointer : Endpointer or TwoPassEndpointer
        Finds where speech begins and ends.
    piece_samples : int
        Longest part, a multiple of 160. Parts end at multiples of it in the stream.
    transcriber : TranscribingSource, optional
        Gets the same audio and follows the endpointer.
    """

    def __init__(
        self,
        spotter: WakeWord,
        endpointer: AnyEndpointer,
        *,
        piece_samples: int = PIECE_SAMPLES,
        transcriber: TranscribingSource | None = None,
    ) -> None:
        self._spotter = spotter
        self._endpointer = endpointer
        self._piece = piece_samples
        self._now = 0
        # The recogniser of a `TwoPassEndpointer` is fed by it.
        own = getattr(endpointer, "eos_source", None) is not transcriber
        self._transcriber = transcriber if own else None
        endpointer.share_front_end(spotter)

    @property
    def now(self) -> int:
        """Samples that the endpointer has consumed."""
        return self._now

    def reset(self) -> None:
        """Start a new stream: forget all audio, count samples from 0 again."""
        self._spotter.reset()
        self._endpointer.reset()
        if self._transcriber is not None:
            self._transcriber.reset()
        self._now = 0

    def process(self, pcm: Pcm) -> Iterator[StreamPart]:
        """Yield the audio in parts, with what was found in each; it is processed on iteration.

        A part ends with the frame in which a wake word was detected. If `start` is called
        before the next part is taken, the results do not depend on how the stream is cut.
        """
        samples = as_pcm(pcm)
        begin = 0
        while begin < len(samples):
            piece = samples[begin : begin + self._piece - self._now % self._piece]
            begin += len(piece)
            for detection in self._spotter.process(piece):
                frame_end = -(-detection.detected_sample // FRAME_SAMPLES) * FRAME_SAMPLES
                n_samples = frame_end - self._now
                yield self._listen(piece[:n_samples], detection)
                piece = piece[n_samples:]
            if len(piece):
                yield self._listen(piece, None)

    def start(self, after: Detection | int) -> list[EndpointEvent]:
        """Listen for what follows a wake word; see `Endpointer.start_after_wake_word`."""
        events = self._endpointer.start_after_wake_word(after)
        if self._transcriber is not None:
            self._transcriber.begin(after)
            self._transcriber.follow(events)
        return events

    def close(self) -> list[EndpointEvent]:
        """End the utterance that is open; the stream is over."""
        events = self._endpointer.close()
        if self._transcriber is not None:
            self._transcriber.follow(events)
        return events

    def _listen(self, part: PcmBlock, detection: Detection | None) -> StreamPart:
        self._now += len(part)
        events = self._endpointer.process(part) if len(part) else []
        if self._transcriber is not None:
            self._transcriber.process(part)
            self._transcriber.follow(events)
        return StreamPart(part, events, detection)
