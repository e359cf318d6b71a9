"""Faces written into pictures, and a tracker that reads them: no network is needed."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from pywakeword.look import Gaze, SeenFace


def face(yaw: float, *, number: int = 0, mouth: float = 0.0) -> SeenFace:
    """Return a face that looks `yaw` degrees past the camera."""
    return SeenFace(number, Gaze(yaw, 0.0, 0.0), mouth, (0.0, 0.0, 1.0, 1.0))


def picture(faces: Sequence[SeenFace]) -> np.ndarray:
    """Return a picture that `FakeTracker` reads the faces from."""
    image = np.zeros((2, 4, 3), np.uint8)
    for seen in faces:
        image[0, seen.number] = (1, round(seen.gaze.yaw) + 100, round(seen.mouth * 100))
    return image


class FakeTracker:
    """Reads the faces that `picture` wrote."""

    def process(self, image: np.ndarray) -> list[SeenFace]:
        """Return the faces in the picture."""
        return [
            face(float(yaw) - 100, number=number, mouth=float(mouth) / 100)
            for number, (there, yaw, mouth) in enumerate(image[0].tolist())
            if there
        ]
