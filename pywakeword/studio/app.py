"""The studio's application: pages, recordings, thresholds, takes, training, and live streams."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route, WebSocketRoute

from pywakeword.device_state import DEVICE_TYPES, PLAYBACKS
from pywakeword.errors import PyWakewordError
from pywakeword.models.configuration import write_configuration
from pywakeword.studio.catalogue import Catalogue, StudioError
from pywakeword.studio.collect.kept import LONGEST_CLIP_S, Kept
from pywakeword.studio.collect.routes import collect_routes
from pywakeword.studio.collect.takes import Takes
from pywakeword.studio.collect.training import MakeCommand, Training, train_command
from pywakeword.studio.figures import threshold_figures
from pywakeword.studio.http import fault, read_json, refuse
from pywakeword.studio.stream.live import LiveStreams, OpenMicrophone
from pywakeword.studio.stream.recordings import Recordings
from pywakeword.studio.stream.routes import recording_routes

CONFIG_NAME = "wakeword.json"
_KINDS = {
    ".html": "text/html",
    ".css": "text/css",
    ".js": "text/javascript",
    ".svg": "image/svg+xml",
}


@dataclass
class Studio:
    """The parts of one studio.

    Attributes
    ----------
    folder : Path
        Where the configuration, takes, kept clips and trained models go. It is made when the
        first of them is written.
    max_upload_bytes : int
        Largest recording that the page may send.
    """

    catalogue: Catalogue
    folder: Path
    open_microphone: OpenMicrophone
    max_upload_bytes: int = 2 << 30
    make_command: MakeCommand = train_command
    recordings: Recordings = field(default_factory=Recordings)

    def __post_init__(self) -> None:
        self.kept = Kept(self.folder / "kept")
        self.takes = Takes(self.folder / "takes")
        self.training = Training(self.make_command, self._add_model)
        self.live = LiveStreams(self.catalogue, self.open_microphone)

    def use(self, fields: Any) -> Path:
        """Write the configuration that the page chose, and return its path."""
        entries = self.catalogue.get(fields.get("models", list, "a list of ids"))
        words = [word for entry in entries for word in entry.words]
        double = next((word for word in words if words.count(word) > 1), None)
        if double is not None:
            raise StudioError(f"two of the models find {double!r}: choose one of them")
        section = fields.section("thresholds")
        chosen = {word: section.number(word, low=0.001, high=1) for word in section.names()}
        unknown = [word for word in chosen if word not in words]
        if unknown:
            raise StudioError(f"none of the models finds {unknown[0][:80]!r}")
        self.folder.mkdir(parents=True, exist_ok=True)
        path = self.folder / CONFIG_NAME
        write_configuration(path, [entry.model for entry in entries], chosen)
        return path

    def close(self) -> None:
        """End what runs."""
        self.training.close()
        self.recordings.close()

    def _add_model(self, path: Path) -> str:
        return self.catalogue.add(str(path), "trained").id


def make_app(studio: Studio) -> Starlette:
    """Return the application; `Guard` goes around it."""

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        yield
        await asyncio.to_thread(studio.close)

    routes = [
        *_page_routes(),
        Route("/api/studio", _describe(studio)),
        Route("/api/config", _use(studio), methods=["POST"]),
        WebSocketRoute("/live", studio.live.serve),
        *recording_routes(studio.recordings, studio.catalogue, studio.max_upload_bytes),
        *collect_routes(studio.takes, studio.kept, studio.training, studio.folder),
    ]
    kinds = (PyWakewordError, ValueError, TypeError, OSError, ClientDisconnect)
    handlers: dict[Any, Any] = dict.fromkeys(kinds, fault)
    handlers[HTTPException] = refuse
    return Starlette(routes=routes, exception_handlers=handlers, lifespan=lifespan)


def _page_routes() -> list[BaseRoute]:
    """Return one route per file of the page: nothing of a request becomes a path."""
    root = files("pywakeword.studio") / "static"
    routes: list[BaseRoute] = []
    for folder, prefix in ((root, "/"), (root / "js", "/js/")):
        for file in folder.iterdir():
            kind = _KINDS.get(Path(file.name).suffix)
            if kind is not None:
                path = "/" if file.name == "index.html" else prefix + file.name
                routes.append(Route(path, _static(file.read_bytes(), kind)))
    return routes


def _static(data: bytes, kind: str) -> Callable[[Request], Response]:
    def answer(_: Request) -> Response:
        return Response(data, media_type=kind)

    return answer


def _describe(studio: Studio) -> Callable[[Request], Response]:
    def answer(_: Request) -> Response:
        entries = studio.catalogue.get([entry["id"] for entry in studio.catalogue.list()])
        return JSONResponse(
            {
                "models": studio.catalogue.list(),
                "chosen": studio.catalogue.chosen,
                "figures": {entry.id: threshold_figures(entry) for entry in entries},
                "playbacks": PLAYBACKS,
                "device_types": DEVICE_TYPES,
                "config": str(studio.folder / CONFIG_NAME),
                "max_upload_mb": studio.max_upload_bytes >> 20,
                "longest_clip_s": LONGEST_CLIP_S,
            }
        )

    return answer


def _use(studio: Studio) -> Callable[[Request], Any]:
    async def answer(request: Request) -> Response:
        fields = await read_json(request)
        path = await asyncio.to_thread(studio.use, fields)
        return JSONResponse({"path": str(path)})

    return answer
