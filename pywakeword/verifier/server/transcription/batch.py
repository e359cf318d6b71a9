"""The batch function of a recogniser: speech in, transcripts out."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from pywakeword.audio.source import PcmBlock
from pywakeword.endpointing.recognisers.transcript import Recognition
from pywakeword.endpointing.recognisers.wake_word import without_wake_word
from pywakeword.errors import RecogniserError
from pywakeword.verifier.server.transcription.messages import Reading, Transcription

# Speech of a batch is padded to its longest: more padding would cost more than a batch saves.
_LONGEST_TO_SHORTEST = 1.5


@dataclass(frozen=True, eq=False)
class Speech:
    """Speech to transcribe; a wake word that it begins with is taken off the text."""

    pcm: PcmBlock
    wake_word: str = ""


class BatchRecogniser(Protocol):
    """Transcribes several pieces of speech together; `WhisperRecogniser` does."""

    def recognise_batch(
        self, pcms: Sequence[PcmBlock], cancelled: Callable[[], bool] = ...
    ) -> list[Recognition] | None:
        """Return one recognition per piece, in order."""


class Transcriber:
    """What a server's `Batcher` runs.

    Parameters
    ----------
    recogniser : BatchRecogniser
        Usually a `WhisperRecogniser` without word times.
    name : str
        What replies call the recogniser.
    """

    def __init__(self, recogniser: BatchRecogniser, name: str) -> None:
        self._recogniser = recogniser
        self._name = name

    def transcribe(self, speeches: Sequence[Speech]) -> list[Transcription]:
        """Return one transcription per speech, in order.

        Raises
        ------
        RecogniserError
            If the recogniser does not return one recognition for each.
        """
        found: dict[int, Transcription] = {}
        for group in _about_equally_long(speeches):
            answers = self._recogniser.recognise_batch([speeches[i].pcm for i in group])
            if answers is None or len(answers) != len(group):
                raise RecogniserError(f"the recogniser answered {answers!r:.60}")
            for index, answer in zip(group, answers):
                found[index] = self._transcription(answer, speeches[index].wake_word)
        return [found[i] for i in range(len(speeches))]

    def _transcription(self, answer: Recognition, wake_word: str) -> Transcription:
        texts: dict[str, Reading] = {}
        for hypothesis in answer.hypotheses:
            text = hypothesis.text
            if wake_word:
                text = without_wake_word(text, wake_word)
            if text:
                texts.setdefault(text, Reading(text, round(hypothesis.score, 4)))
        return Transcription(tuple(texts.values()), self._name)


def _about_equally_long(speeches: Sequence[Speech]) -> Iterator[list[int]]:
    """Yield the indexes in groups, the shortest first."""
    group: list[int] = []
    for index in sorted(range(len(speeches)), key=lambda i: len(speeches[i].pcm)):
        if group and len(speeches[index].pcm) > _LONGEST_TO_SHORTEST * len(speeches[group[0]].pcm):
            yield group
            group = []
        group.append(index)
    if group:
        yield group
