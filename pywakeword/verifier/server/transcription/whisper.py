"""Whisper as the recogniser of a server (extra `asr`)."""

from __future__ import annotations

from pywakeword.endpointing.recognisers.whisper.recogniser import WhisperRecogniser
from pywakeword.verifier.server.transcription.batch import Transcriber


def whisper_transcriber(size: str, device: str = "cpu") -> Transcriber:
    """Load an installed Whisper for batches; raises what `WhisperRecogniser` raises."""
    recogniser = WhisperRecogniser(size=size, word_times=False, device=device)
    return Transcriber(recogniser, f"whisper-{size}")
