"""Where pictures come from: a camera, or a list of pictures."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, Protocol

from pywakeword._checks import check_number
from pywakeword._extras import require
from pywakeword.errors import LookError
from pywakeword.look.crops import Image


@dataclass(frozen=True)
class Frame:
    """A picture and when it was taken, in seconds since the first one."""

    time_s: float
    image: Image = field(repr=False, compare=False)


class Camera(Protocol):
    """A source of pictures.

    Attributes
    ----------
    live : bool
        Whether iterating waits for the pictures.
    """

    live: bool

    def __iter__(self) -> Iterator[Frame]:
        """Yield the pictures."""
        ...

    def close(self) -> None:
        """Switch it off."""
        ...


class PictureList:
    """Pictures at a fixed rate, for tests: they take no time to come.

    Parameters
    ----------
    images : iterable of (height, width, 3) ndarray of uint8
        Red, green and blue.
    fps : float
        Pictures per second.
    """

    live = False

    def __init__(self, images: Iterable[Image], fps: float = 10.0) -> None:
        check_number("fps", fps)
        self._images, self._fps = images, fps

    def __iter__(self) -> Iterator[Frame]:
        for index, image in enumerate(self._images):
            yield Frame(index / self._fps, image)

    def close(self) -> None:
        """Do nothing."""


class WebCamera:
    """A camera of this machine, by OpenCV (extra `look`). It is on from here to `close`.

    Parameters
    ----------
    index : int
        Which camera.
    fps : float
        Pictures per second that are looked at; others are dropped.

    Raises
    ------
    MissingExtraError
        If OpenCV is not installed.
    LookError
        If there is no such camera, or it cannot be opened.
    """

    live = True

    def __init__(self, index: int = 0, fps: float = 10.0) -> None:
        check_number("index", index)
        check_number("fps", fps)
        if not 1 <= fps <= 60:
            raise ValueError(f"fps must be from 1 to 60, got {fps!r}")
        self._cv2: Any = require("cv2", "look")
        logging = self._cv2.utils.logging
        logging.setLogLevel(logging.LOG_LEVEL_SILENT)  # it prints what the error below says
        self._index, self._fps = index, fps
        self._capture = self._cv2.VideoCapture(index)
        if not self._capture.isOpened():
            raise LookError(f"no camera {index}, or it is in use by another program")

    def __iter__(self) -> Iterator[Frame]:
        start = time.monotonic()
        due = 0.0
        while self._capture.isOpened():
            good, picture = self._capture.read()
            if not good:
                if self._capture.isOpened():
                    raise LookError(f"camera {self._index} went away")
                return
            now = time.monotonic() - start
            if now >= due:
                due = max(due + 1 / self._fps, now)
                yield Frame(now, picture[..., ::-1].copy())  # blue comes first

    def close(self) -> None:
        """Switch the camera off."""
        self._capture.release()
