"""Runs a detector on whole recordings, to find words or to collect scores."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from pywakeword.audio import AudioSource, PcmBlock
from pywakeword.errors import AudioError
from pywakeword.events import Detection
from pywakeword.measure.evaluation import Floats, peaks
from pywakeword.wakeword import WakeWord

# A word may end with its file, and the detector fires shortly after the word.
TRAILING_SILENCE_SAMPLES = 8000


@dataclass(frozen=True)
class Measurement:
    """Scores of one keyword on positives and negatives.

    `positive_scores` has one value per recording of the word. `negative_peaks` has the peaks of
    the negatives, and those of the positives outside the word; `false_accepts_in_positives`
    counts the latter.
    """

    positive_scores: Floats
    negative_peaks: Floats
    negative_hours: float
    false_accepts_in_positives: int


def with_trailing_silence(source: AudioSource) -> Iterator[PcmBlock]:
    """Yield the blocks of a source, then half a second of silence."""
    yield from source
    yield np.zeros(TRAILING_SILENCE_SAMPLES, np.int16)


def detections(spotter: WakeWord, source: AudioSource) -> Iterator[Detection]:
    """Reset the stream, then yield the wake words of one source as they are found.

    Half a second of silence follows the audio.

    Parameters
    ----------
    spotter : WakeWord
        The detector.
    source : AudioSource
        The audio.
    """
    spotter.reset()
    for block in with_trailing_silence(source):
        yield from spotter.process(block)


def scan(spotter: WakeWord, source: AudioSource) -> tuple[Floats, float]:
    """Return the scores of one file, and its length in seconds.

    The stream is reset first. Half a second of silence follows the audio; the length does not
    include it.

    Parameters
    ----------
    spotter : WakeWord
        The detector; its smoothing is in the scores.
    source : AudioSource
        The audio.

    Returns
    -------
    scores : (n_frames, n_keywords) ndarray
        As from `WakeWord.scores`.
    duration_s : float
        Length of the audio.
    """
    spotter.reset()
    n_samples = -TRAILING_SILENCE_SAMPLES
    parts = []
    for block in with_trailing_silence(source):
        n_samples += len(block)
        parts.append(spotter.scores(block))
    return np.concatenate(parts), n_samples / spotter.sample_rate


def measure(
    spotter: WakeWord,
    column: int,
    *,
    positives: Iterable[AudioSource],
    negatives: Iterable[AudioSource],
    on_error: Callable[[AudioError], None] | None = None,
) -> Measurement:
    """Scan recordings of a word, and audio without it.

    Each positive contains the word once. Its highest peak counts as the word, and every other
    peak above the keyword's threshold is a false accept. The hours are those of the negatives.

    Parameters
    ----------
    spotter : WakeWord
        The detector, with its device state set.
    column : int
        Index of the keyword in `WakeWord.keywords`.
    positives, negatives : iterables of AudioSource
        The audio; each source is a stream of its own.
    on_error : callable, optional
        Called with the error of a source that cannot be read; the source does not count.
        By default the error ends the scan.
    """
    refractory_s = spotter.refractory_s
    positive_scores = []
    negative_peaks = []
    for scores, _ in _scans(spotter, positives, on_error):
        word, *others = peaks(scores[:, column], spotter.frame_shift_s, refractory_s)
        positive_scores.append(word)
        negative_peaks.extend(others)
    n_others = len(negative_peaks)
    negative_s = 0.0
    for scores, duration_s in _scans(spotter, negatives, on_error):
        negative_peaks.extend(peaks(scores[:, column], spotter.frame_shift_s, refractory_s))
        negative_s += duration_s
    threshold = spotter.thresholds[spotter.keywords[column]]
    outside_word = np.asarray(negative_peaks[:n_others])
    return Measurement(
        positive_scores=np.asarray(positive_scores, dtype=np.float32),
        negative_peaks=np.asarray(negative_peaks, dtype=np.float32),
        negative_hours=negative_s / 3600,
        false_accepts_in_positives=int(np.count_nonzero(outside_word >= threshold)),
    )


def _scans(
    spotter: WakeWord,
    sources: Iterable[AudioSource],
    on_error: Callable[[AudioError], None] | None,
) -> Iterator[tuple[Floats, float]]:
    for source in sources:
        try:
            yield scan(spotter, source)
        except AudioError as error:
            if on_error is None:
                raise
            on_error(error)
