"""Takes, kept clips and training over HTTP."""

from __future__ import annotations

import asyncio
import wave
from pathlib import Path

import numpy as np
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import BaseRoute, Route

from pywakeword.audio.source import PcmBlock
from pywakeword.models.digest import sha256_hex
from pywakeword.studio.catalogue import StudioError
from pywakeword.studio.collect.kept import LONGEST_CLIP_S, Kept
from pywakeword.studio.collect.takes import LONGEST_TAKE_S, Takes, check_word, last_speech
from pywakeword.studio.collect.training import Training
from pywakeword.studio.http import number, read_json, read_pcm, text_of

_FEWEST_TAKES = 3
_METADATA = ("word", "model", "score", "threshold", "playback", "volume", "at")


def collect_routes(takes: Takes, kept: Kept, training: Training, folder: Path) -> list[BaseRoute]:
    """Return the routes below /api/takes, /api/kept and /api/training."""
    mine, clips, jobs = _Takes(takes), _Kept(kept, takes), _Training(takes, kept, training, folder)
    return [
        Route("/api/takes", mine.list, methods=["GET"]),
        Route("/api/takes", mine.add, methods=["POST"]),
        Route("/api/takes/{id}", mine.audio, methods=["GET"]),
        Route("/api/takes/{id}", mine.delete, methods=["DELETE"]),
        Route("/api/kept", clips.list, methods=["GET"]),
        Route("/api/kept", clips.add, methods=["POST"]),
        Route("/api/kept", clips.clear, methods=["DELETE"]),
        Route("/api/kept/settings", clips.switch, methods=["POST"]),
        Route("/api/kept/{id}", clips.audio, methods=["GET"]),
        Route("/api/kept/{id}", clips.delete, methods=["DELETE"]),
        Route("/api/kept/{id}/take", clips.use_as_take, methods=["POST"]),
        Route("/api/training", jobs.status, methods=["GET"]),
        Route("/api/training", jobs.start, methods=["POST"]),
        Route("/api/training/cancel", jobs.cancel, methods=["POST"]),
    ]


class _Takes:
    def __init__(self, takes: Takes) -> None:
        self._takes = takes

    def list(self, request: Request) -> Response:
        return JSONResponse({"takes": self._takes.list(text_of(request, "word"))})

    async def add(self, request: Request) -> Response:
        word = check_word(text_of(request, "word"))
        pcm = await read_pcm(request, LONGEST_TAKE_S)
        return JSONResponse(await asyncio.to_thread(self._takes.add, word, pcm))

    def audio(self, request: Request) -> Response:
        clips = self._takes.of(text_of(request, "word")).clips()
        if request.path_params["id"] not in clips:
            raise StudioError("there is no such take")
        return FileResponse(clips[request.path_params["id"]], media_type="audio/wav")

    def delete(self, request: Request) -> Response:
        if not self._takes.of(text_of(request, "word")).delete(request.path_params["id"]):
            raise StudioError("there is no such take")
        return JSONResponse({})


class _Kept:
    def __init__(self, kept: Kept, takes: Takes) -> None:
        self._kept = kept
        self._takes = takes

    def list(self, _: Request) -> Response:
        return JSONResponse(self._kept.to_json())

    async def switch(self, request: Request) -> Response:
        self._kept.is_on = (await read_json(request)).boolean("on")
        return JSONResponse(await asyncio.to_thread(self._kept.to_json))

    async def add(self, request: Request) -> Response:
        query = request.query_params
        metadata = {name: query[name][:100] for name in _METADATA if name in query}
        kind = text_of(request, "kind")
        pcm = await read_pcm(request, LONGEST_CLIP_S)
        return JSONResponse({"id": await asyncio.to_thread(self._kept.add, kind, pcm, metadata)})

    def audio(self, request: Request) -> Response:
        return FileResponse(self._kept.path(request.path_params["id"]), media_type="audio/wav")

    def delete(self, request: Request) -> Response:
        self._kept.delete(request.path_params["id"])
        return JSONResponse({})

    def clear(self, _: Request) -> Response:
        self._kept.delete()
        return JSONResponse({})

    async def use_as_take(self, request: Request) -> Response:
        """Keep a part of a clip as a take of a word."""
        fields = await read_json(request)
        word = check_word(fields.string("word"))
        path = self._kept.path(request.path_params["id"])
        pcm = await asyncio.to_thread(_end_of, path)
        return JSONResponse(await asyncio.to_thread(self._takes.add, word, pcm))


class _Training:
    def __init__(self, takes: Takes, kept: Kept, training: Training, folder: Path) -> None:
        self._takes, self._kept, self._training = takes, kept, training
        self._folder = folder

    def status(self, request: Request) -> Response:
        return JSONResponse(self._training.to_json(number(request, "after", 0, 1 << 40)))

    async def start(self, request: Request) -> Response:
        word = check_word((await read_json(request)).string("word"))
        await asyncio.to_thread(self._start, word)
        return JSONResponse(self._training.to_json())

    def _start(self, word: str) -> None:
        folder = self._takes.of(word)
        n_takes = len(folder.clips())
        if 0 < n_takes < _FEWEST_TAKES:
            raise StudioError(
                f"record {_FEWEST_TAKES} takes to begin, or none: there are {n_takes}"
            )
        negatives = self._kept.negatives()
        # The same material goes on where it stopped; other material begins anew.
        names = sorted(path.name for place in (folder.folder, negatives) for path in _wavs(place))
        out = (
            self._folder / "trained" / folder.folder.name / sha256_hex("".join(names).encode())[:8]
        )
        self._training.start(word, folder.folder if n_takes else None, negatives, out)

    def cancel(self, _: Request) -> Response:
        self._training.cancel()
        return JSONResponse(self._training.to_json())


def _wavs(folder: Path | None) -> list[Path]:
    return [] if folder is None else list(folder.glob("*.wav"))


def _end_of(path: Path) -> PcmBlock:
    """Return the last speech of a clip."""
    with wave.open(str(path)) as file:
        pcm = np.frombuffer(file.readframes(file.getnframes()), "<i2").astype(np.int16)
    return last_speech(pcm)
