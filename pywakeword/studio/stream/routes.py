"""Recordings over HTTP."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from pywakeword._fields import Fields
from pywakeword.audio.pcm import SAMPLE_RATE_HZ
from pywakeword.studio.catalogue import Catalogue, StudioError
from pywakeword.studio.http import chunks, number, read_json, text_of
from pywakeword.studio.requests import parse_object, read_state, read_thresholds
from pywakeword.studio.stream.analysis import PIECE_SAMPLES, Analyser
from pywakeword.studio.stream.recordings import MAX_RANGE_S, Recordings
from pywakeword.studio.stream.sound import wav_bytes
from pywakeword.studio.stream.why import CONTEXT_S, explain

_MAX_SAMPLE = 1 << 40
_CONTEXT = int(CONTEXT_S * SAMPLE_RATE_HZ)


def recording_routes(
    recordings: Recordings, catalogue: Catalogue, max_bytes: int
) -> list[BaseRoute]:
    """Return the routes below /api/recordings."""
    here = _Recordings(recordings, catalogue, max_bytes)
    return [
        Route("/api/recordings", here.list, methods=["GET"]),
        Route("/api/recordings", here.upload, methods=["POST"]),
        Route("/api/recordings/{id}", here.get, methods=["GET"]),
        Route("/api/recordings/{id}", here.delete, methods=["DELETE"]),
        Route("/api/recordings/{id}/analyse", here.analyse, methods=["POST"]),
        Route("/api/recordings/{id}/frames", here.frames, methods=["GET"]),
        Route("/api/recordings/{id}/audio", here.audio, methods=["GET"]),
        Route("/api/recordings/{id}/why", here.why, methods=["POST"]),
    ]


class _Recordings:
    def __init__(self, recordings: Recordings, catalogue: Catalogue, max_bytes: int) -> None:
        self._recordings = recordings
        self._catalogue = catalogue
        self._max_bytes = max_bytes

    def list(self, _: Request) -> Response:
        return JSONResponse({"recordings": self._recordings.list()})

    async def upload(self, request: Request) -> Response:
        """Take a file as the body."""
        make = self._maker(parse_object(request.query_params.get("settings", "{}")))
        recording = self._recordings.new(text_of(request, "name", 1000))
        try:
            with recording.path.open("wb") as file:
                async for chunk in chunks(request, self._max_bytes):
                    await asyncio.to_thread(file.write, chunk)
                n_bytes = file.tell()
            if not n_bytes:
                raise StudioError(f"{recording.name} is empty")
        except BaseException:
            recording.path.unlink(missing_ok=True)
            raise
        self._recordings.add(recording, make)
        return JSONResponse(recording.to_json(), 201)

    def get(self, request: Request) -> Response:
        return JSONResponse(self._get(request).to_json())

    def delete(self, request: Request) -> Response:
        self._recordings.delete(request.path_params["id"])
        return JSONResponse({})

    async def analyse(self, request: Request) -> Response:
        make = self._maker(await read_json(request))
        found = self._recordings.analyse_again(request.path_params["id"], make)
        return JSONResponse(found.to_json())

    def frames(self, request: Request) -> Response:
        recording = self._get(request)
        first, n = self._range(request)
        # Scores of every stride begin here.
        first -= first % (8 * PIECE_SAMPLES)
        return JSONResponse(self._recordings.frames(recording, first, n).to_json())

    def audio(self, request: Request) -> Response:
        recording = self._get(request)
        pcm = self._recordings.read(recording, *self._range(request))
        return Response(wav_bytes(pcm), media_type="audio/wav")

    async def why(self, request: Request) -> Response:
        fields = await read_json(request)
        recording = self._get(request)
        first = fields.integer("first", low=0, high=_MAX_SAMPLE)
        n = fields.integer("n", low=PIECE_SAMPLES, high=MAX_RANGE_S * SAMPLE_RATE_HZ // 2)
        entry = self._catalogue.get([fields.string("model")])[0]
        word, state = fields.string("word"), read_state(fields)
        if word not in entry.words:
            raise StudioError(f"{entry.name} does not find {word[:80]!r}")
        thresholds = read_thresholds(fields).get(entry.id, {})
        n_context = min(first, _CONTEXT)
        n_context -= n_context % PIECE_SAMPLES
        found = await asyncio.to_thread(
            lambda: explain(
                entry,
                word,
                thresholds,
                state,
                self._recordings.read(recording, first - n_context, n + n_context),
                n_context,
            )
        )
        found["at"] = round(found["at"] + first / SAMPLE_RATE_HZ, 2)
        return JSONResponse(found)

    def _get(self, request: Request) -> Any:
        return self._recordings.get(request.path_params["id"])

    @staticmethod
    def _range(request: Request) -> tuple[int, int]:
        n = number(request, "n", 1, MAX_RANGE_S * SAMPLE_RATE_HZ)
        return number(request, "first", 0, _MAX_SAMPLE), n

    def _maker(self, fields: Fields) -> Callable[[], Analyser]:
        entries = self._catalogue.get(fields.get("models", list, "a list of ids", []))
        thresholds, state = read_thresholds(fields), read_state(fields)
        return lambda: Analyser(entries, thresholds, state)
