"""The detectors that `pywakeword bench` measures."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import metadata
from typing import Any, Protocol

from pywakeword._extras import require
from pywakeword.audio import PcmBlock
from pywakeword.endpointing.endpointer import Endpointer
from pywakeword.wakeword import WakeWord


class Contender(Protocol):
    """One detector in the comparison."""

    name: str

    def prepare(self, chunks: Sequence[PcmBlock]) -> Sequence[Any]:
        """Convert the chunks to the detector's input; not timed."""
        ...

    def run(self, chunks: Sequence[Any]) -> int:
        """Process all chunks as an application would, and count the detections."""
        ...


class SpotterContender:
    """`WakeWord.process`, one call per chunk."""

    def __init__(self, spotter: WakeWord, name: str = "pywakeword") -> None:
        self.name = name
        self._spotter = spotter

    def prepare(self, chunks: Sequence[PcmBlock]) -> Sequence[PcmBlock]:
        """Return the arrays unchanged."""
        return chunks

    def run(self, chunks: Sequence[PcmBlock]) -> int:
        """Process all chunks, and count the detections."""
        process = self._spotter.process
        n_detections = 0
        for chunk in chunks:
            n_detections += len(process(chunk))
        return n_detections


class EndpointerContender:
    """A `WakeWord` and an `Endpointer` with one front end, one call each per chunk."""

    def __init__(self, spotter: WakeWord) -> None:
        self.name = "with an endpointer"
        self._spotter = spotter
        self._endpointer = Endpointer()
        self._endpointer.share_front_end(spotter)

    def prepare(self, chunks: Sequence[PcmBlock]) -> Sequence[PcmBlock]:
        """Return the arrays unchanged."""
        return chunks

    def run(self, chunks: Sequence[PcmBlock]) -> int:
        """Process all chunks, and count the detections and events."""
        find_words, find_ends = self._spotter.process, self._endpointer.process
        n_found = 0
        for chunk in chunks:
            n_found += len(find_words(chunk))
            n_found += len(find_ends(chunk))
        return n_found


class PyMicroContender:
    """pymicro-wakeword's bundled alexa, front end and network."""

    def __init__(self, module: Any) -> None:
        self.name = f"pymicro-wakeword {metadata.version('pymicro-wakeword')} alexa"
        self._word = module.MicroWakeWord.from_builtin(module.Model.ALEXA)
        self._features = module.MicroWakeWordFeatures()

    def prepare(self, chunks: Sequence[PcmBlock]) -> Sequence[bytes]:
        """Convert to bytes."""
        return [chunk.tobytes() for chunk in chunks]

    def run(self, chunks: Sequence[bytes]) -> int:
        """Process all chunks, and count the detections."""
        n_detections = 0
        for chunk in chunks:
            for features in self._features.process_streaming(chunk):
                if self._word.process_streaming(features):
                    n_detections += 1
        return n_detections


def make_peer() -> PyMicroContender:
    """Return the peer of the comparison, or raise `MissingExtraError`."""
    return PyMicroContender(require("pymicro_wakeword", "bench"))
