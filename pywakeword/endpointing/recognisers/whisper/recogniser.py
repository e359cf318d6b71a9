"""`WhisperRecogniser`: Whisper on utterances of a few seconds, without 30 s of padding."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from pywakeword._checks import check_type
from pywakeword._extras import require
from pywakeword.audio.pcm import SAMPLE_RATE_HZ
from pywakeword.endpointing.recognisers.transcript import Hypothesis, Recognition, Word
from pywakeword.endpointing.recognisers.whisper.features import HOP_SAMPLES, log_mel
from pywakeword.endpointing.recognisers.whisper.files import find_files
from pywakeword.endpointing.recognisers.whisper.loops import without_loops
from pywakeword.errors import ModelError

_WINDOW_FRAMES = 3000
_FRAMES_PER_STATE = 2
_STATE_SAMPLES = HOP_SAMPLES * _FRAMES_PER_STATE
_KEPT_STATES = 100  # 2 s
_PAD_SAMPLES = SAMPLE_RATE_HZ // 5
# Whisper was trained on windows of 30 s. Without the silence behind the speech it does not
# stop, and repeats itself. The encoder's states of silence are always the same: they are
# computed once and put behind those of the speech.
_SILENT_STATES = 500
_TOKENS_PER_S, _LEAST_TOKENS, _MOST_TOKENS = 8, 12, 220
_COMPUTE_TYPES = {"cpu": "int8", "cuda": "int8_float16"}

States = npt.NDArray[np.float32]


class WhisperRecogniser:
    """A `Recogniser` on a Whisper model in CTranslate2's format.

    Parameters
    ----------
    model_dir : path, optional
        Folder of the model. Default: the installed one of that size.
    size : {"base", "tiny"}
        Which installed model.
    language : str
        Code of the language; "en" only for tiny.
    n_best : int
        Hypotheses, 1 to 10; also the width of the beam.
    word_times : bool
        Whether to compute the words' times.
    n_threads : int
        Threads of one recognition. More than the free cores make it slow.
    device : {"cpu", "cuda"}
        Where the model runs.

    Raises
    ------
    MissingExtraError
        If CTranslate2 or tokenizers is not installed.
    RecogniserNotInstalledError
        If the model is not on this machine.
    ModelError
        If the model cannot be loaded.
    """

    def __init__(
        self,
        model_dir: str | os.PathLike[str] | None = None,
        size: str = "base",
        *,
        language: str = "en",
        n_best: int = 5,
        word_times: bool = True,
        n_threads: int = 1,
        device: str = "cpu",
    ) -> None:
        check_type("language", language, str)
        if device not in _COMPUTE_TYPES:
            raise ValueError(f"device must be one of {', '.join(_COMPUTE_TYPES)}, got {device!r}")
        if isinstance(n_best, bool) or not isinstance(n_best, int) or not 1 <= n_best <= 10:
            raise ValueError(f"n_best must be an int from 1 to 10, got {n_best!r}")
        runtime = require("ctranslate2", "asr")
        tokenizers = require("tokenizers", "asr")
        folder = find_files(model_dir, size)
        try:
            self._model: Any = runtime.models.Whisper(
                os.fspath(folder),
                device=device,
                compute_type=_COMPUTE_TYPES[device],
                intra_threads=n_threads,
            )
            self._tokenizer: Any = tokenizers.Tokenizer.from_file(str(folder / "tokenizer.json"))
        except Exception as error:  # both raise plain exceptions of their own
            raise ModelError(f"{folder}: {error}") from error
        self._view: Callable[[States], Any] = runtime.StorageView.from_array
        self._n_best = n_best
        self._word_times = word_times
        self._prompt = self._prompt_of(language)
        silence = self._encode([np.zeros(0, np.int16)], _WINDOW_FRAMES)
        self._silence = silence[:, -_SILENT_STATES:]

    def recognise(
        self, pcm: npt.NDArray[np.int16], cancelled: Callable[[], bool] = lambda: False
    ) -> Recognition | None:
        """Transcribe speech of at most 30 s; see `Recogniser`. Longer speech loses its start."""
        found = self.recognise_batch([pcm], cancelled)
        return None if found is None else found[0]

    def recognise_batch(
        self,
        pcms: Sequence[npt.NDArray[np.int16]],
        cancelled: Callable[[], bool] = lambda: False,
    ) -> list[Recognition] | None:
        """Transcribe several pieces of speech in one run of the model; see `recognise`.

        All are padded with silence to the longest, so they should be about equally long.
        """
        if not pcms:
            return []
        pcms = [pcm[-_WINDOW_FRAMES * HOP_SAMPLES :] for pcm in pcms]
        longest = max(map(len, pcms))
        n_states = min(-(-(longest + _PAD_SAMPLES) // _STATE_SAMPLES), _WINDOW_FRAMES // 2)
        states = self._encode(pcms, n_states * _FRAMES_PER_STATE)
        if cancelled():
            return None
        silence = np.repeat(self._silence, len(pcms), axis=0)
        encoded = np.concatenate([states, silence], axis=1)
        n_tokens = _LEAST_TOKENS + _TOKENS_PER_S * longest // SAMPLE_RATE_HZ
        found = self._model.generate(
            self._view(encoded),
            [self._prompt] * len(pcms),
            beam_size=self._n_best,
            num_hypotheses=self._n_best,
            return_scores=True,
            max_length=min(n_tokens, _MOST_TOKENS),
        )
        if cancelled():
            return None
        return [
            self._recognition(pcm, encoded[i], n_states, answer)
            for i, (pcm, answer) in enumerate(zip(pcms, found))
        ]

    def _recognition(
        self, pcm: npt.NDArray[np.int16], encoded: States, n_states: int, answer: Any
    ) -> Recognition:
        hypotheses = self._hypotheses(answer)
        n_spoken = min(-(-len(pcm) // _STATE_SAMPLES), n_states)
        kept = encoded[max(0, n_spoken - _KEPT_STATES) : n_spoken].copy()
        words = self._words(encoded, hypotheses, n_states) if self._word_times else ()
        return Recognition(hypotheses, words, kept, _STATE_SAMPLES)

    def _prompt_of(self, language: str) -> list[int]:
        names = ["<|startoftranscript|>"]
        if self._model.is_multilingual:
            names += [f"<|{language}|>", "<|transcribe|>"]
        elif language != "en":
            raise ValueError(f"this model knows English only, not {language!r}")
        ids = [self._tokenizer.token_to_id(name) for name in (*names, "<|notimestamps|>")]
        if None in ids:
            raise ValueError(f"the model has no language {language!r}")
        return ids

    def _encode(self, pcms: Sequence[npt.NDArray[np.int16]], n_frames: int) -> States:
        """Return the states, (n_pcms, n_frames / 2, n_dims)."""
        mels = np.stack([log_mel(pcm, self._model.n_mels, n_frames) for pcm in pcms])
        encoded = self._model.encode(self._view(mels), to_cpu=True)
        return np.asarray(np.array(encoded), np.float32)

    def _hypotheses(self, found: Any) -> tuple[Hypothesis, ...]:
        """Return the different texts, best first."""
        texts: dict[str, Hypothesis] = {}
        for ids, score in zip(found.sequences_ids, found.scores):
            text = without_loops(self._tokenizer.decode(ids).strip())
            if text:
                texts.setdefault(text, Hypothesis(text, float(score), len(ids) + 1))
        return tuple(texts.values())

    def _words(
        self, encoded: States, hypotheses: Sequence[Hypothesis], n_states: int
    ) -> tuple[Word, ...]:
        if not hypotheses:
            return ()
        ids = self._tokenizer.encode(" " + hypotheses[0].text, add_special_tokens=False).ids
        (aligned,) = self._model.align(
            self._view(encoded[None]),
            self._prompt,
            [ids],
            n_states * _FRAMES_PER_STATE,
            median_filter_width=3,
        )
        first: dict[int, int] = {}
        last: dict[int, int] = {}
        for token, state in aligned.alignments:
            first.setdefault(token, state)
            last[token] = state
        words: list[Word] = []
        for token, token_id in enumerate(ids):
            piece = self._tokenizer.decode([token_id])
            start = first.get(token, 0) * _STATE_SAMPLES
            end = (last.get(token, 0) + 1) * _STATE_SAMPLES
            if words and not piece.startswith(" "):
                piece, start = words[-1].text + piece, words.pop().start_sample
            words.append(Word(piece.strip(), start, end))
        return tuple(words)
