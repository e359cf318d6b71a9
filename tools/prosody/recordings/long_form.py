"""Long recordings without a transcript, for the evaluation only.

The transcribed data has only single short sentences. Recordings of 20 words and more stand in for
paragraphs, with automatic transcripts. Prosody is chosen for the whole, or for each phrase between
pauses.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from pywakeword.tts.prosody.model import phone_ids, phone_positions
from pywakeword.tts.recording.contours import PhoneContours
from tools.prosody.recordings.alignment import align_all
from tools.prosody.recordings.contours import measure_all
from tools.prosody.recordings.corpus import (
    SHORTEST_PAUSE_S,
    PhoneMeans,
    Utterance,
    normalised,
    speech_clips,
)
from tools.prosody.recordings.transcripts import transcribe_all

FEWEST_WORDS = 20  # the transcribed sentences have 3 to 10
PHRASE_PAUSE_S = 0.2
FEWEST_PHRASE_WORDS = 3  # like the shortest sentences; shorter phrases are joined to the next
Contours = Sequence[npt.NDArray[np.float32]]


@dataclass(frozen=True)
class LongForm:
    """One recording: whole, and split into phrases."""

    whole: Utterance
    phrases: tuple[Utterance, ...]


def read_long_form(
    data: Path, work: Path, folder: str, phone_means: PhoneMeans
) -> tuple[list[LongForm], dict[str, object]]:
    """Transcribe, align, measure and normalise the dev split's recordings of a folder.

    Parameters
    ----------
    data, work : Path
        Folder of manifest.csv, and of intermediate results.
    folder : str
        Folder of the recordings, relative to `data`.
    phone_means : PhoneMeans
        From `training_phone_means`.

    Returns
    -------
    list of LongForm
        Recordings that could be aligned.
    dict of str to object
        The folder; numbers of recordings, of long and of aligned ones; and the recogniser's
        mean confidence. Without references, that is all that can be reported of transcripts.

    Raises
    ------
    FileNotFoundError
        If the manifest lists no recording of the dev split there.
    """
    clips = {
        clip.path: clip
        for clip in speech_clips(data)
        if clip.split == "dev" and data / folder in clip.path.parents
    }
    if not clips:
        raise FileNotFoundError(f"{data / 'manifest.csv'} lists no dev recording in {folder}")
    transcripts = transcribe_all(clips, work / "automatic-transcripts.jsonl")
    texts = {p: t.text for p, t in transcripts.items() if len(t.text.split()) >= FEWEST_WORDS}
    alignments = align_all(texts, work / "long-form-alignments.jsonl")
    contours = measure_all(alignments, work / "long-form-contours.npz")
    by_speaker: dict[str, list[Path]] = {}
    for path in contours:
        by_speaker.setdefault(clips[path].group, []).append(path)
    found = []
    for speaker, paths in sorted(by_speaker.items()):
        for path, values in zip(paths, normalised([contours[p] for p in paths], phone_means)):
            words = alignments[path].words
            found.append(split_phrases(path.name, speaker, words, contours[path], values))
    counts: dict[str, object] = {
        "folder": folder,
        "recordings": len(clips),
        f"of_{FEWEST_WORDS}_words_or_more": len(texts),
        "aligned": len(found),
        "mean_word_confidence_of_the_aligned": round(
            float(np.mean([transcripts[path].confidence for path in contours])), 3
        )
        if found
        else 0.0,
        "words": sum(len(item.whole.text.split()) for item in found),
        "phrases": sum(len(item.phrases) for item in found),
    }
    return found, counts


def split_phrases(
    name: str,
    speaker: str,
    words: Sequence[str],
    measured: PhoneContours,
    values: npt.NDArray[np.float32],
) -> LongForm:
    """Split a recording at its pauses; `values` are its `Utterance.contours`."""
    starts = [0]
    for i in np.flatnonzero(measured.pause_before_s >= PHRASE_PAUSE_S).tolist():
        first, word, last = measured.words[starts[-1]], measured.words[i], measured.words[-1]
        if min(word - first, last + 1 - word) >= FEWEST_PHRASE_WORDS:
            starts.append(i)

    def utterance(start: int, end: int) -> Utterance:
        after_pause = measured.pause_before_s[start:end] > SHORTEST_PAUSE_S
        after_pause[0] = False  # a sentence starts without a pause
        said = words[measured.words[start] : measured.words[end - 1] + 1]
        return Utterance(
            name,
            speaker,
            " ".join(said),
            "dev",
            phone_ids(measured.names[start:end]),
            phone_positions(after_pause),
            values[start:end],
            measured.has_pitch[start:end],
        )

    ends = [*starts[1:], len(values)]
    return LongForm(utterance(0, len(values)), tuple(utterance(s, e) for s, e in zip(starts, ends)))


def joined(
    recordings: Sequence[LongForm], of_phrases: Mapping[str, Contours]
) -> dict[str, list[npt.NDArray[np.float32]]]:
    """Join the contours of all phrases to those of the recordings."""
    ends = np.cumsum([len(item.phrases) for item in recordings])
    return {
        row: [
            np.concatenate(contours[end - len(item.phrases) : end])
            for item, end in zip(recordings, ends.tolist())
        ]
        for row, contours in of_phrases.items()
    }


def spread_of_phrases(
    recordings: Sequence[LongForm], contours: Contours
) -> npt.NDArray[np.float64]:
    """Return the SD of the phrases' mean F0 for each recording, in semitones.

    NaN if fewer than two phrases have pitch.
    """
    found = []
    for item, values in zip(recordings, contours):
        cuts = np.cumsum([len(phrase.phones) for phrase in item.phrases])[:-1]
        means = [
            12 * part[voiced, 0].mean()
            for part, voiced in zip(np.split(values, cuts), np.split(item.whole.has_pitch, cuts))
            if voiced.any()
        ]
        found.append(np.std(means) if len(means) > 1 else np.nan)
    return np.array(found)
