"""A Wyoming wake-word service: what Home Assistant and satellites connect to."""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import logging
import re
import socket
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Any
from urllib.parse import urlparse

import numpy as np

from pywakeword._core import __version__
from pywakeword._extras import require
from pywakeword._wyoming import check_uri
from pywakeword.audio.pcm import SAMPLE_RATE_HZ
from pywakeword.audio.resample import Resampler
from pywakeword.errors import PyWakewordError
from pywakeword.events import Detection
from pywakeword.measure.scanning import TRAILING_SILENCE_SAMPLES
from pywakeword.wakeword import WakeWord

DEFAULT_URI = "tcp://127.0.0.1:10400"
_LOG = logging.getLogger(__name__)


class WakeService:
    """Answers detect, audio and describe events; one detector a connection.

    Use it with `async with`, which binds the address; connections are served from
    then on.

    Parameters
    ----------
    make_spotter : callable returning WakeWord
        Called once for each connection. Weights are shared between detectors.
    uri : str
        `tcp://host:port` (port 0 takes any that is free) or `unix:///path`.
    allow_remote : bool
        Bind to another address than a loopback one. Anybody who reaches it can use
        it: the protocol has no passwords and no encryption.

    Raises
    ------
    MissingExtraError
        If the package wyoming is not installed.
    ValueError
        If the address is malformed, or not a loopback one without `allow_remote`.
    """

    def __init__(
        self,
        make_spotter: Callable[[], WakeWord],
        uri: str = DEFAULT_URI,
        *,
        allow_remote: bool = False,
    ) -> None:
        require("wyoming", "wyoming")
        if not is_loopback(uri) and not allow_remote:
            raise ValueError(
                f"{uri} can be reached from other machines, without password or encryption; "
                "allow_remote permits that"
            )
        self._make_spotter = make_spotter
        self._uri = uri
        self._connections: set[asyncio.Task[None]] = set()
        self._server: asyncio.AbstractServer | None = None
        self._info = _info(make_spotter())

    @property
    def uri(self) -> str:
        """The address, with the real port once it is bound."""
        return self._uri

    async def __aenter__(self) -> WakeService:
        address = urlparse(self._uri)
        if address.scheme == "unix":
            self._server = await asyncio.start_unix_server(self._accept, address.path)
        else:
            self._server = await asyncio.start_server(self._accept, address.hostname, address.port)
            port = self._server.sockets[0].getsockname()[1]
            host = f"[{address.hostname}]" if ":" in (address.hostname or "") else address.hostname
            self._uri = f"tcp://{host}:{port}"
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        assert self._server is not None
        self._server.close()
        for task in self._connections:
            task.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.ensure_future(self._serve(reader, writer))
        self._connections.add(task)
        task.add_done_callback(self._connections.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        from wyoming.error import Error
        from wyoming.event import async_read_event, async_write_event

        stream = _Stream(self._make_spotter(), self._info)
        try:
            while (event := await async_read_event(reader)) is not None:
                for answer in stream.handle(event):
                    await async_write_event(answer.event(), writer)
        except (ConnectionError, asyncio.IncompleteReadError) as error:
            _LOG.info("a client went away: %s", error)
        except (PyWakewordError, KeyError, TypeError, ValueError, AttributeError) as error:
            # The client's doing: it is told, and served no further.
            _LOG.warning("a client was refused: %s", error)
            with contextlib.suppress(ConnectionError):
                await async_write_event(Error(str(error), "bad-request").event(), writer)
        finally:
            writer.close()
            with contextlib.suppress(ConnectionError):
                await writer.wait_closed()


class _Stream:
    """One client's audio, and what it asked for."""

    def __init__(self, spotter: WakeWord, info: Any) -> None:
        self._spotter = spotter
        self._info = info
        self._names: Sequence[str] = spotter.keywords
        self._resampler: Resampler | None = None
        self._format: tuple[int, int, int] | None = None
        self._begin_ms = 0
        self._found = False

    def handle(self, event: Any) -> list[Any]:
        """Take one event and return the answers."""
        from wyoming.audio import AudioChunk, AudioStart, AudioStop
        from wyoming.info import Describe
        from wyoming.wake import Detect, NotDetected

        if Describe.is_type(event.type):
            return [self._info]
        if Detect.is_type(event.type):
            self._choose(Detect.from_event(event).names)
        elif AudioStart.is_type(event.type):
            start = AudioStart.from_event(event)
            self._start((start.rate, start.width, start.channels), start.timestamp)
        elif AudioChunk.is_type(event.type):
            chunk = AudioChunk.from_event(event)
            audio_format = (chunk.rate, chunk.width, chunk.channels)
            if self._format is None:
                self._start(audio_format, chunk.timestamp)
            elif audio_format != self._format:
                raise ValueError(f"audio-chunk is {audio_format}, audio-start said {self._format}")
            return self._process(chunk.audio)
        elif AudioStop.is_type(event.type) and self._format is not None:
            # A word may end with the audio; it is found a little later.
            answers = self._report(
                self._spotter.process(np.zeros(TRAILING_SILENCE_SAMPLES, np.int16))
            )
            self._format = None
            return answers if self._found else [NotDetected()]
        return []

    def _choose(self, names: list[str] | None) -> None:
        known = self._spotter.keywords
        unknown = [name for name in names or () if name not in known]
        if unknown:
            raise ValueError(f"no wake word {unknown[0]!r}; there are {', '.join(known)}")
        self._names = names or known

    def _start(self, audio_format: tuple[int, int, int], timestamp_ms: int | None) -> None:
        rate_hz, width, n_channels = audio_format
        if width != 2 or not (8000 <= rate_hz <= 192_000 and 1 <= n_channels <= 8):
            raise ValueError(
                f"audio of {n_channels} channel(s), {rate_hz} Hz, {8 * width} bit; "
                "16-bit audio of 8000 to 192000 Hz and up to 8 channels is taken"
            )
        self._format = audio_format
        self._resampler = Resampler(rate_hz)
        self._begin_ms = timestamp_ms or 0
        self._found = False
        self._spotter.reset()

    def _process(self, audio: bytes) -> list[Any]:
        assert self._resampler is not None
        assert self._format is not None
        rate_hz, _, n_channels = self._format
        samples = np.frombuffer(audio, "<i2")
        if n_channels == 1 and rate_hz == SAMPLE_RATE_HZ:
            return self._report(self._spotter.process(samples.astype(np.int16, copy=False)))
        frames = samples.reshape(-1, n_channels).astype(np.float32) / np.float32(32768)
        return self._report(self._spotter.process(self._resampler.process(frames)))

    def _report(self, detections: list[Detection]) -> list[Any]:
        from wyoming import wake

        wanted = [found for found in detections if found.keyword in self._names]
        self._found = self._found or bool(wanted)
        return [
            wake.Detection(
                name=found.keyword,
                timestamp=self._begin_ms + found.end_sample * 1000 // SAMPLE_RATE_HZ,
            )
            for found in wanted
        ]


def is_loopback(uri: str) -> bool:
    """Whether the address can be reached from this machine only."""
    check_uri(re.sub(r":0$", ":1", uri))  # 0 is a port here
    address = urlparse(uri)
    if address.scheme == "unix":
        return True
    try:
        found = socket.getaddrinfo(address.hostname, None)
    except OSError as error:
        raise ValueError(f"{uri}: unknown host: {error}") from error
    return all(ipaddress.ip_address(item[4][0]).is_loopback for item in found)


def _info(spotter: WakeWord) -> Any:
    from wyoming.info import Attribution, Info, WakeModel, WakeProgram

    by = Attribution("The pywakeword authors", "https://pypi.org/project/pywakeword")
    models = [
        WakeModel(
            name=word,
            attribution=by,
            installed=True,
            description=card.document.get("description"),
            version=card.sha256[:12],
            languages=list(card.document.get("languages", ())),
            phrase=word,
        )
        for card in spotter.cards
        for word in card.keywords
    ]
    program = WakeProgram(
        name="pywakeword",
        attribution=by,
        installed=True,
        description="Wake words on the device",
        version=__version__,
        models=models,
    )
    return Info(wake=[program])
