"""`FaceMesh`: 468 points of a face, and where its irises are."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pywakeword.look.crops import Image, Points, Square, crop
from pywakeword.look.network import IRIS, MESH, Network

# Corners of the eyes: of the eye on the left of the picture, outer and inner; of the other one,
# inner and outer.
LEFT_EYE, RIGHT_EYE = (33, 133), (362, 263)
_LEAST_FLAG = 0.0  # logit: a face rather than not
_EYE_SCALE = 2.3
FEWEST_EYE_PIXELS = 14.0  # narrower eyes show no iris


@dataclass(frozen=True)
class Mesh:
    """The points of a face in the picture, and its irises.

    Attributes
    ----------
    points : (468, 3) ndarray
        x and y in pixels, z in the same scale, smaller towards the camera.
    eyes : (2, 3, 2) ndarray
        Of each eye, the left one of the picture first: its left corner, its right corner, and
        the centre of the iris, or the middle if the eye is too small in the picture.
    score : float
        How sure the network is that this is a face, 0 to 1.
    """

    points: Points
    eyes: npt.NDArray[np.float64]
    score: float

    @property
    def square(self) -> Square:
        """Where to look for the face in the next picture."""
        low, high = self.points[:, :2].min(0), self.points[:, :2].max(0)
        across, down = (self.points[RIGHT_EYE[1]] - self.points[LEFT_EYE[0]])[:2]
        middle = (low + high) / 2
        side = float((high - low).max()) * 1.5
        return Square(float(middle[0]), float(middle[1]), side, float(np.arctan2(down, across)))

    @property
    def box(self) -> tuple[float, float, float, float]:
        """Left, top, right and bottom in pixels."""
        low, high = self.points[:, :2].min(0), self.points[:, :2].max(0)
        return float(low[0]), float(low[1]), float(high[0]), float(high[1])


class FaceMesh:
    """Finds the points of one face."""

    def __init__(self) -> None:
        self._mesh, self._iris = Network(MESH), Network(IRIS)

    def find(self, image: Image, square: Square) -> Mesh | None:
        """Return the face in a square of the picture, None if there is none."""
        size = self._mesh.size
        raw, flag = self._mesh.run(crop(image, square, size) / np.float32(255))
        logit = float(flag.ravel()[0])
        if logit < _LEAST_FLAG:
            return None
        points = square.to_picture(raw.reshape(-1, 3), size)
        left = self._eye(image, points, LEFT_EYE, mirrored=False)
        right = self._eye(image, points, RIGHT_EYE, mirrored=True)
        return Mesh(points, np.array([left, right]), float(1 / (1 + np.exp(-min(logit, 80.0)))))

    def _eye(
        self, image: Image, points: Points, corners: tuple[int, int], *, mirrored: bool
    ) -> npt.NDArray[np.float64]:
        left, right = points[corners[0], :2], points[corners[1], :2]
        across, down = right - left
        middle = (left + right) / 2
        width = float(np.hypot(across, down))
        if width < FEWEST_EYE_PIXELS:
            return np.array([left, right, middle])
        square = Square(
            float(middle[0]),
            float(middle[1]),
            width * _EYE_SCALE,
            float(np.arctan2(down, across)),
        )
        size = self._iris.size
        pixels = crop(image, square, size) / np.float32(255)
        # The network knows the eye on the left of the picture.
        contour, iris = self._iris.run(pixels[:, ::-1].copy() if mirrored else pixels)
        places = np.concatenate([contour.reshape(-1, 3)[[0, 8]], iris.reshape(-1, 3)[:1]])[:, :2]
        if mirrored:
            places = places[[1, 0, 2]]
            places[:, 0] = size - places[:, 0]
        return square.to_picture(places, size)
