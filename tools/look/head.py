"""A head in three dimensions, made of one picture of a face, to be drawn at known angles.

The picture is skimage's astronaut (NASA, public domain). The face networks find its points once;
these are made symmetric and upright, so that the head looks exactly ahead, and the picture is
their texture. The skull behind the face is an egg with the texture of hair and neck.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt

from pywakeword._extras import require
from pywakeword.look.crops import Image, Points
from pywakeword.look.faces import FaceFinder
from pywakeword.look.mesh import FaceMesh

N_FACE = 468
FACE_MM = 190.0  # from forehead to chin
_TOP, _CHIN, _LEFT, _RIGHT = 10, 152, 234, 454
_PAIRS = ((33, 263), (133, 362), (61, 291), (234, 454), (127, 356), (132, 361), (58, 288))
_OVAL = (
    *(10, 338, 297, 332, 284, 251, 389, 356, 454, 323, 361, 288, 397, 365, 379, 378, 400, 377),
    *(152, 148, 176, 149, 150, 136, 172, 58, 132, 93, 234, 127, 162, 21, 54, 103, 67, 109),
)
# Rings behind the face: size, how far behind in face heights, where in the picture.
_RINGS = ((1.1, 0.2, 1.08), (1.17, 0.45, 1.16), (1.1, 0.7, 1.2), (0.75, 0.9, 1.1), (0.0, 1.0, 0.9))
LEFT_LIDS = (33, 7, 163, 144, 145, 153, 154, 155, 133, 173, 157, 158, 159, 160, 161, 246)
RIGHT_LIDS = (263, 249, 390, 373, 374, 380, 381, 382, 362, 398, 384, 385, 386, 387, 388, 466)


@dataclass(frozen=True)
class Head:
    """A triangulated head. x is to the right, y down, z away from the viewer, in mm.

    Attributes
    ----------
    points : (n, 3) ndarray
        The origin is in the middle of the head.
    triangles : (m, 3) ndarray
        Clockwise as seen from outside.
    places : (n, 2) ndarray
        Where each point is in the texture.
    texture : Image
    """

    points: Points
    triangles: npt.NDArray[np.intp]
    places: Points
    texture: Image


@cache
def astronaut() -> Head:
    """Return the head of the picture."""
    picture: Image = require("skimage.data", "kits").astronaut()
    (face, *_) = FaceFinder().find(picture)
    mesh = FaceMesh().find(picture, face.square())
    assert mesh is not None
    upright = _upright(mesh.points)
    scale = FACE_MM / float(upright[_CHIN, 1] - upright[_TOP, 1])
    points, places = _symmetric(upright) * scale, mesh.points[:, :2].copy()
    oval = list(_OVAL)
    middle, back = points[oval].mean(0), points[oval, 2]
    picture_middle = places[oval].mean(0)
    for size, behind, where in _RINGS:
        ring = middle + (points[oval] - middle) * (size, size, 0)
        ring[:, 2] = back * (1 - min(1, behind)) + (middle[2]) * min(1, behind) + behind * FACE_MM
        points = np.concatenate([points, ring])
        places = np.concatenate([places, picture_middle + (places[oval] - picture_middle) * where])
    points = points - (0, float(points[_TOP, 1] + points[_CHIN, 1]) / 2, middle[2] + 0.35 * FACE_MM)
    return Head(points, _triangles(points), places, picture)


def _upright(points: Points) -> Points:
    """Turn the points so that pairs lie level and the chin below the forehead."""
    pairs = np.array(_PAIRS)
    across = (points[pairs[:, 1]] - points[pairs[:, 0]]).mean(0)
    across /= np.linalg.norm(across)
    down = points[_CHIN] - points[_TOP]
    down -= across * (down @ across)
    down /= np.linalg.norm(down)
    turned: Points = (points - points.mean(0)) @ np.stack([across, down, np.cross(across, down)]).T
    return turned


def _symmetric(points: Points) -> Points:
    """Return the mean of the points and their mirror image."""
    middle = np.array([(points[a, 0] + points[b, 0]) / 2 for a, b in _PAIRS]).mean()
    centred = points - (middle, 0, 0)
    mirrored = centred * (-1, 1, 1)
    distance = np.linalg.norm(centred[:, None] - mirrored[None], axis=2)
    partner = distance.argmin(1)
    both: Points = (centred + mirrored[partner]) / 2
    return both


def _triangles(points: Points) -> npt.NDArray[np.intp]:
    spatial = require("scipy.spatial", "kits")
    # Each triangle of the face is seen from the front.
    face = spatial.Delaunay(points[:N_FACE, :2]).simplices
    found: list[tuple[int, ...]] = []
    rings = [list(_OVAL)]
    rings += [list(range(N_FACE + i * len(_OVAL), N_FACE + (i + 1) * len(_OVAL))) for i in range(5)]
    for inner, outer in zip(rings, rings[1:]):
        for i in range(len(inner)):
            j = (i + 1) % len(inner)
            found += [(inner[i], outer[i], outer[j]), (inner[i], outer[j], inner[j])]
    # One sense for all of them, chosen by the first ring: each point of it is further out.
    skull = np.array(found, np.intp)
    outwards = _normals(points, skull[: len(_OVAL)]) * points[skull[: len(_OVAL), 1]] * (1, 1, 0)
    towards = _normals(points, face)[:, 2] > 0
    face = np.where(towards[:, None], face[:, ::-1], face)
    return np.concatenate([face, skull[:, ::-1] if outwards.sum() < 0 else skull])


def _normals(points: Points, triangles: npt.NDArray[np.intp]) -> Points:
    a, b, c = points[triangles].transpose(1, 0, 2)
    normals: Points = np.cross(b - a, c - a)
    return normals


def inside(at: Points, polygon: Points) -> npt.NDArray[np.bool_]:
    """Whether points are within a polygon."""
    within = np.zeros(len(at), bool)
    for (x0, y0), (x1, y1) in zip(polygon, np.roll(polygon, -1, axis=0)):
        if y0 == y1:
            continue
        crosses = (y0 > at[:, 1]) != (y1 > at[:, 1])
        within ^= crosses & (at[:, 0] < (x1 - x0) * (at[:, 1] - y0) / (y1 - y0) + x0)
    return within
