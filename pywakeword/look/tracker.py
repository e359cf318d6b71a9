"""`FaceTracker`: the faces of a video, from picture to picture."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from pywakeword.look.crops import Image, Points, brightened
from pywakeword.look.faces import FaceFinder, overlap
from pywakeword.look.mesh import FaceMesh, Mesh
from pywakeword.look.pose import Gaze, gaze_of

_MOST_FACES = 3
_FIND_EVERY = 5  # pictures
_SAME_FACE = 0.3
_LIPS, _HEIGHT = (13, 14), (10, 152)


@dataclass(frozen=True)
class SeenFace:
    """A face in one picture.

    Attributes
    ----------
    number : int
        The same for one face from picture to picture.
    gaze : Gaze
        Where it looks.
    mouth : float
        How far the lips are apart, as a share of the face's height.
    box : tuple of float
        Left, top, right and bottom in pixels.
    """

    number: int
    gaze: Gaze
    mouth: float
    box: tuple[float, float, float, float]


class AnyTracker(Protocol):
    """`FaceTracker`, or what a test puts in its place."""

    def process(self, image: Image) -> list[SeenFace]:
        """Return the faces in the next picture."""


class FaceTracker:
    """Follows up to three faces. Between searches, a face is looked for where it was.

    Raises
    ------
    MissingExtraError
        If LiteRT is not installed (extra `look`).
    LookError
        If the face networks are not installed.
    """

    def __init__(self) -> None:
        self._finder, self._mesh = FaceFinder(), FaceMesh()
        self._tracks: dict[int, Mesh] = {}
        self._n_pictures = 0
        self._next = 0

    def process(self, image: Image) -> list[SeenFace]:
        """Return the faces in the next picture, (height, width, 3) of uint8."""
        _check(image)
        image = brightened(image)
        tracks: dict[int, Mesh] = {}
        for number, old in self._tracks.items():
            mesh = self._mesh.find(image, old.square)
            if mesh is not None and _is_new(mesh, tracks):
                tracks[number] = mesh
        if not tracks or self._n_pictures % _FIND_EVERY == 0:
            for face in self._finder.find(image):
                if len(tracks) == _MOST_FACES:
                    break
                if any(overlap(face.box, mesh.box) > _SAME_FACE for mesh in tracks.values()):
                    continue
                mesh = self._mesh.find(image, face.square())
                if mesh is not None and _is_new(mesh, tracks):
                    tracks[self._next] = mesh
                    self._next += 1
        self._n_pictures += 1
        self._tracks = tracks
        return [
            SeenFace(number, gaze_of(mesh), _mouth(mesh.points), mesh.box)
            for number, mesh in tracks.items()
        ]


def _is_new(mesh: Mesh, tracks: dict[int, Mesh]) -> bool:
    return all(overlap(mesh.box, other.box) < _SAME_FACE for other in tracks.values())


def _mouth(points: Points) -> float:
    apart = np.linalg.norm(points[_LIPS[1]] - points[_LIPS[0]])
    return float(apart / np.linalg.norm(points[_HEIGHT[1]] - points[_HEIGHT[0]]))


def _check(image: Image) -> None:
    if not isinstance(image, np.ndarray) or image.dtype != np.uint8:
        raise TypeError("a picture must be an array of uint8")
    if image.ndim != 3 or image.shape[2] != 3 or 0 in image.shape:
        raise ValueError(f"a picture must have the shape (height, width, 3), got {image.shape}")
