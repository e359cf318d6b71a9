"""`WyomingSpeechToText`: transcripts from a Wyoming speech-to-text service."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from pywakeword._checks import check_optional, check_timeout
from pywakeword._extras import require
from pywakeword._wyoming import WyomingConnection, check_uri
from pywakeword.audio.pcm import SAMPLE_RATE_HZ
from pywakeword.errors import ServiceRefusedError

_CHUNK_SAMPLES = 1600


class WyomingSpeechToText:
    """A client of a speech-to-text service such as wyoming-faster-whisper.

    Parameters
    ----------
    uri : str
        Address of the service, `tcp://host:port` or `unix:///path`.
    language : str, optional
        Language of the speech. Default: the service's.
    model : str, optional
        Name of the service's model.
    timeout_s : float
        Longest wait for the connection and for the transcript.

    Raises
    ------
    MissingExtraError
        If the package wyoming is not installed.
    ValueError
        If the address is malformed.
    """

    def __init__(
        self,
        uri: str,
        *,
        language: str | None = None,
        model: str | None = None,
        timeout_s: float = 10.0,
    ) -> None:
        check_uri(uri)
        check_optional("language", language, str)
        check_optional("model", model, str)
        check_timeout("timeout_s", timeout_s)
        require("wyoming", "wyoming")
        self._uri = uri
        self._language = language
        self._model = model
        self._timeout_s = timeout_s

    async def transcribe(self, pcm: npt.NDArray[np.int16]) -> str:
        """Return the text of mono 16 kHz speech; empty if the service understood nothing.

        Raises
        ------
        ServiceError
            If there is no transcript; the subclass gives the cause.
        """
        async with WyomingConnection(self._uri, timeout_s=self._timeout_s) as connection:
            from wyoming.asr import Transcribe, Transcript
            from wyoming.audio import AudioChunk, AudioStart, AudioStop

            audio = {"rate": SAMPLE_RATE_HZ, "width": 2, "channels": 1}
            await connection.send(Transcribe(name=self._model, language=self._language))
            await connection.send(AudioStart(**audio))
            for begin in range(0, len(pcm), _CHUNK_SAMPLES):
                data = pcm[begin : begin + _CHUNK_SAMPLES].astype("<i2").tobytes()
                await connection.send(AudioChunk(audio=data, **audio))
            await connection.send(AudioStop())
            while True:
                event = await connection.receive()
                if Transcript.is_type(event.type):
                    text = event.data.get("text")
                    if not isinstance(text, str):
                        raise ServiceRefusedError(f"{self._uri}: a transcript without a text")
                    return text.strip()
