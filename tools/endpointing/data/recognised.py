"""What Whisper understands up to each pause, computed once and kept in a file."""

from __future__ import annotations

import pickle
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from pywakeword.audio.pcm import SAMPLE_RATE_HZ
from pywakeword.audio.source import PcmBlock
from pywakeword.endpointing.recognisers.transcript_arbitrator import pad_states
from pywakeword.endpointing.recognisers.whisper.recogniser import WhisperRecogniser
from pywakeword.training.material.features import HOP
from tools.endpointing.data.examples import Place, Recognised
from tools.endpointing.data.features import Item

_BEFORE_SAMPLES = SAMPLE_RATE_HZ // 5
_INTO_PAUSE_SAMPLES = 160 * SAMPLE_RATE_HZ // 1000  # when the first pass reports a pause
_LONGEST_SAMPLES = 12 * SAMPLE_RATE_HZ


def read_pickles(path: Path) -> Iterator[Any]:
    """Yield what `append_pickle` wrote; nothing if there is no file."""
    if not path.exists():
        return
    with path.open("rb") as file:
        while True:
            try:
                yield pickle.load(file)
            except EOFError:
                return


def append_pickle(path: Path, value: Any) -> None:
    """Add a value to a file, so that a run that is stopped can go on."""
    with path.open("ab") as file:
        pickle.dump(value, file)


class RecognisedPauses:
    """The texts and states of pauses; what the file lacks is recognised and appended.

    Parameters
    ----------
    path : Path
        A file of pickles.
    size : {"tiny", "base"}
        Of Whisper.
    """

    def __init__(self, path: Path, size: str) -> None:
        self._path, self._size = path, size
        self._whisper: WhisperRecogniser | None = None
        self._done: dict[tuple[str, str, int], Recognised] = dict(read_pickles(path))

    def __len__(self) -> int:
        return len(self._done)

    def at(self, item: Item, pcm: PcmBlock, place: Place) -> Recognised:
        """Return what is understood of `pcm` from the start of the speech up to the pause."""
        key = (item.utterance.name, place.kind, place.sample)
        if key not in self._done:
            self._done[key] = self._recognise(item, pcm, place)
            append_pickle(self._path, (key, self._done[key]))
        return self._done[key]

    def _recognise(self, item: Item, pcm: PcmBlock, place: Place) -> Recognised:
        if self._whisper is None:
            self._whisper = WhisperRecogniser(size=self._size, n_best=1, word_times=False)
        end = place.sample + _INTO_PAUSE_SAMPLES
        begin = max(0, item.spans.start * HOP - _BEFORE_SAMPLES, end - _LONGEST_SAMPLES)
        found = self._whisper.recognise(pcm[begin:end])
        assert found is not None
        states, mask = pad_states(found.frames)
        text = found.hypotheses[0].text if found.hypotheses else ""
        return Recognised(text, states.astype(np.float16), mask)
