"""Text-to-speech back ends; each imports its dependency when it is created."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pywakeword._checks import check_type
from pywakeword.tts.backends.addon import AddonBackend
from pywakeword.tts.backends.base import Backend
from pywakeword.tts.backends.best import best_backend
from pywakeword.tts.backends.embedded import EspeakBackend, FliteBackend, embedded_backend
from pywakeword.tts.backends.openai import OpenAIBackend
from pywakeword.tts.backends.piper import PiperBackend
from pywakeword.tts.backends.voice import HibariBackend, KokoroBackend, VoiceBackend
from pywakeword.tts.backends.wyoming import WyomingBackend

_LOCAL: dict[str, Callable[..., Backend]] = {
    "embedded": embedded_backend,
    "espeak-ng": EspeakBackend,
    "flite": FliteBackend,
    "hibari": HibariBackend,
    "kokoro": KokoroBackend,
}
BACKEND_NAMES = (*_LOCAL, "wyoming", "openai", "piper")

__all__ = [
    "BACKEND_NAMES",
    "AddonBackend",
    "Backend",
    "EspeakBackend",
    "FliteBackend",
    "HibariBackend",
    "KokoroBackend",
    "OpenAIBackend",
    "PiperBackend",
    "VoiceBackend",
    "WyomingBackend",
    "best_backend",
    "embedded_backend",
    "make_backend",
]


def make_backend(
    name: str,
    url: str | None = None,
    *,
    api_key: str | None = None,
    timeout_s: float | None = None,
) -> Backend:
    """Return a back end by name.

    Parameters
    ----------
    name : str
        One of `BACKEND_NAMES`.
    url : str, optional
        Address of the service: required for `wyoming`, not allowed for programs.
    api_key : str, optional
        For `openai`.
    timeout_s : float
        Longest wait for audio. Default: the back end's own.

    Raises
    ------
    ValueError
        If the name is unknown, or an option does not apply to the back end.
    ServiceUnavailableError, MissingExtraError
        If a dependency is not installed.
    """
    check_type("backend", name, str)
    if url is not None:
        check_type("url", url, str)
    if name not in BACKEND_NAMES:
        raise ValueError(f"backend must be one of {', '.join(BACKEND_NAMES)}; got {name!r}")
    if api_key is not None and name != "openai":
        raise ValueError(f"the back end {name} takes no API key")
    wait: dict[str, Any] = {} if timeout_s is None else {"timeout_s": timeout_s}
    if name in _LOCAL:
        if url is not None:
            raise ValueError(f"the back end {name} has no address, got {url!r}")
        return _LOCAL[name](**wait)
    if name == "wyoming":
        if url is None:
            raise ValueError("the back end wyoming needs an address: tcp://HOST:PORT")
        return WyomingBackend(url, **wait)
    address = () if url is None else (url,)
    if name == "piper":
        return PiperBackend(*address, **wait)
    return OpenAIBackend(*address, api_key=api_key, **wait)
