"""`WhisperSource`: Whisper as the recogniser of the second pass, and for transcripts."""

from __future__ import annotations

import os

from pywakeword.endpointing.recognisers.transcribing import TranscribingSource
from pywakeword.endpointing.recognisers.transcript import Reranker
from pywakeword.endpointing.recognisers.whisper.recogniser import WhisperRecogniser


class WhisperSource(TranscribingSource):
    """Whisper (extra `asr`) as an `EosSource`; `TranscribingSource` says when it transcribes.

    For the size "tiny", `TwoPassEndpointer` takes the bundled `TranscriptArbitrator`. For others
    it takes `EosPosterior`: the posterior of the end is a rule on the text.

    Parameters
    ----------
    model_dir : path, optional
        Folder of a Whisper model in CTranslate2's format. Default: the installed one.
    size : {"base", "tiny"}
        Which installed model; `pywakeword recognisers` lists and installs them.
    language : str
        Code of the language; "en" only for tiny.
    n_best : int
        Hypotheses per transcript, 1 to 10.
    word_times : bool
        Whether transcripts have the words' times.
    n_threads : int
        Threads of one recognition. More than the free cores make it slow.
    realtime, timeout_s, reranker
        As for `TranscribingSource`.

    Raises
    ------
    MissingExtraError
        If the extra `asr` is not installed.
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
        realtime: bool = True,
        timeout_s: float = 5.0,
        reranker: Reranker | None = None,
    ) -> None:
        recogniser = WhisperRecogniser(
            model_dir,
            size,
            language=language,
            n_best=n_best,
            word_times=word_times,
            n_threads=n_threads,
        )
        super().__init__(recogniser, realtime=realtime, timeout_s=timeout_s, reranker=reranker)
        if model_dir is None and size == "tiny":
            self.arbitrator_model = "transcript_arbitrator"
