"""Encodes and decodes the audio that is sent: raw PCM, or Ogg/Opus (extra `audio`)."""

from __future__ import annotations

import io

import numpy as np
import numpy.typing as npt

from pywakeword._extras import require
from pywakeword.audio.pcm import SAMPLE_RATE_HZ
from pywakeword.errors import VerifierRefusedError
from pywakeword.verifier.contract import (
    MAX_SNIPPET_SAMPLES,
    Metadata,
    SampleFormat,
    check_audio,
    check_length,
    check_size,
    truncated,
)


def encode(pcm: npt.NDArray[np.int16], encoding: str) -> bytes:
    """Encode PCM for sending."""
    if encoding == "s16le":
        return pcm.astype("<i2", copy=False).tobytes()
    file = io.BytesIO()
    soundfile = require("soundfile", "audio")
    soundfile.write(file, pcm, SAMPLE_RATE_HZ, format="OGG", subtype="OPUS")
    return file.getvalue()


def decode(metadata: Metadata, data: bytes) -> npt.NDArray[np.int16]:
    """Decode received audio after checking its size; raise `VerifierRefusedError` if it is bad."""
    check_audio(metadata, len(data))
    pcm = decode_audio(metadata.format, data, MAX_SNIPPET_SAMPLES)
    check_length(metadata, len(pcm))
    return pcm


def decode_audio(
    sample_format: SampleFormat, data: bytes, max_samples: int
) -> npt.NDArray[np.int16]:
    """Decode audio of at most `max_samples`; raise `VerifierRefusedError` if it is bad."""
    check_size(sample_format, len(data), 2 * max_samples)
    if sample_format.encoding == "s16le":
        return np.frombuffer(data, "<i2").astype(np.int16, copy=False)
    return _decode_opus(data, max_samples)


def _decode_opus(data: bytes, max_samples: int) -> npt.NDArray[np.int16]:
    soundfile = require("soundfile", "audio")
    try:
        with soundfile.SoundFile(io.BytesIO(data)) as file:
            if (file.format, file.subtype) != ("OGG", "OPUS"):
                raise VerifierRefusedError(
                    415, "bad_format", f"audio is {file.format}/{file.subtype}, not Ogg/Opus"
                )
            if file.samplerate != SAMPLE_RATE_HZ or file.channels != 1:
                raise VerifierRefusedError(
                    415,
                    "bad_format",
                    f"audio must be mono at {SAMPLE_RATE_HZ} Hz, "
                    f"not {file.channels} channels at {file.samplerate} Hz",
                )
            # A few bytes of Opus can hold hours of silence: decoding stops at this length.
            pcm: npt.NDArray[np.int16] = file.read(max_samples + 1, dtype="int16")
    except RuntimeError as error:
        reason = getattr(error, "error_string", str(error))
        raise truncated(f"audio is not readable Ogg/Opus: {reason}") from None
    if len(pcm) > max_samples:
        raise VerifierRefusedError(
            413, "audio_too_large", f"audio has more than {max_samples} samples"
        )
    return pcm
