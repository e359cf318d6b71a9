"""`FaceFinder`: where the faces in a picture are (BlazeFace, full range)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pywakeword.look.crops import Image, Square, crop
from pywakeword.look.network import FACES, Network

_STRIDE = 4
_LEAST_SCORE = 0.4
_SAME_FACE = 0.3  # overlap, of intersection over union


@dataclass(frozen=True)
class Face:
    """A face: its box in pixels, a score from 0 to 1, and the two eyes."""

    box: tuple[float, float, float, float]  # left, top, right, bottom
    score: float
    eyes: npt.NDArray[np.float64]  # (2, 2): the one on the left of the picture first

    def square(self, scale: float = 1.5) -> Square:
        """Return the part of the picture that the mesh is found in."""
        left, top, right, bottom = self.box
        across, down = self.eyes[1] - self.eyes[0]
        side = max(right - left, bottom - top) * scale
        return Square((left + right) / 2, (top + bottom) / 2, side, float(np.arctan2(down, across)))


class FaceFinder:
    """Finds faces up to some metres away, largest first."""

    def __init__(self) -> None:
        self._network = Network(FACES)
        size = self._network.size
        places = (np.arange(size // _STRIDE) + 0.5) * _STRIDE
        self._anchors = np.stack(np.meshgrid(places, places), -1).reshape(-1, 1, 2)

    def find(self, image: Image) -> list[Face]:
        """Return the faces in a picture."""
        height, width = image.shape[:2]
        whole = Square(width / 2, height / 2, max(height, width))
        size = self._network.size
        raw, logits = self._network.run(crop(image, whole, size) / np.float32(127.5) - 1)
        scores = 1 / (1 + np.exp(-np.clip(logits[:, 0], -80, 80)))
        candidates = np.flatnonzero(scores > _LEAST_SCORE)
        points = raw[candidates].reshape(-1, 8, 2).astype(np.float64)
        sizes = points[:, 1:2].copy()
        points += self._anchors[candidates]
        points[:, 1:2] = points[:, :1] + sizes / 2
        points[:, :1] -= sizes / 2
        found: list[Face] = []
        for index in np.argsort(-scores[candidates]):
            places = whole.to_picture(points[index], size)
            box = tuple(float(v) for v in places[:2].ravel())
            face = Face(box, float(scores[candidates][index]), places[2:4])  # type: ignore[arg-type]
            if all(overlap(face.box, other.box) < _SAME_FACE for other in found):
                found.append(face)
        return sorted(found, key=lambda face: face.box[0] - face.box[2])


def overlap(one: tuple[float, ...], other: tuple[float, ...]) -> float:
    """Return the intersection of two boxes, over their union."""
    width = min(one[2], other[2]) - max(one[0], other[0])
    height = min(one[3], other[3]) - max(one[1], other[1])
    if width <= 0 or height <= 0:
        return 0.0
    areas = [(box[2] - box[0]) * (box[3] - box[1]) for box in (one, other)]
    return width * height / (sum(areas) - width * height)
