"""Where a face looks: the angles of its head and its eyes to the camera."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pywakeword.look.mesh import FEWEST_EYE_PIXELS, Mesh

# Points that mirror each other, the one on the left of the picture first.
_PAIRS = np.array([(33, 263), (133, 362), (61, 291), (234, 454), (127, 356), (132, 361), (58, 288)])
_TOP, _CHIN = 10, 152
_EYE_PER_WIDTH = 2.5  # half of an eye's width seen over the radius of the eyeball: 30 over 12 mm
_FREE_PITCH = 10.0
# Who looks this far past the camera looks at it with probability 0.5.
_HALF_DEG, _SLOPE_DEG = 15.0, 3.0


@dataclass(frozen=True)
class Gaze:
    """Angles in degrees to the line from the face to the camera; 0 looks into the camera.

    Attributes
    ----------
    yaw, pitch, roll : float
        Of the head. Yaw is positive towards the right of the picture, pitch upwards.
    eye_yaw : float
        How far the eyes are turned in the head; 0 if they are too small in the picture.
    """

    yaw: float
    pitch: float
    roll: float
    eye_yaw: float = 0.0

    @property
    def past_camera(self) -> float:
        """How far the person looks past the camera.

        Of the pitch, 10 degrees are free: heads are held and cameras placed at different heights.
        """
        return float(np.hypot(self.yaw + self.eye_yaw, max(0.0, abs(self.pitch) - _FREE_PITCH)))

    @property
    def probability(self) -> float:
        """How probable it is that the person looks at the device, 0 to 1."""
        return float(1 / (1 + np.exp((self.past_camera - _HALF_DEG) / _SLOPE_DEG)))


def gaze_of(mesh: Mesh) -> Gaze:
    """Return where a face looks.

    The mesh is as seen along the line from the camera to the face, so its angles are to that
    line, wherever the face is in the picture.
    """
    points = mesh.points
    across = _unit((points[_PAIRS[:, 1]] - points[_PAIRS[:, 0]]).mean(0))
    down = points[_CHIN] - points[_TOP]
    down = _unit(down - across * (down @ across))
    ahead = np.cross(down, across)  # out of the face
    yaw = np.degrees(np.arctan2(ahead[0], -ahead[2]))
    pitch = np.degrees(np.arcsin(np.clip(-ahead[1], -1, 1)))
    roll = np.degrees(np.arctan2(across[1], across[0]))
    return Gaze(float(yaw), float(pitch), float(roll), _eye_yaw(mesh, float(yaw)))


def _eye_yaw(mesh: Mesh, yaw: float) -> float:
    """Return the mean of the eyes that are large enough."""
    turned = []
    for left, right, iris in mesh.eyes:
        across = right - left
        width = float(np.hypot(*across))
        if width < FEWEST_EYE_PIXELS:
            continue
        shift = float((iris - (left + right) / 2) @ across) / width**2
        turned.append(np.degrees(np.arcsin(np.clip(_EYE_PER_WIDTH * shift, -0.7, 0.7))))
    return float(np.mean(turned)) if turned else 0.0


def _unit(vector: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    return np.asarray(vector / np.linalg.norm(vector), np.float64)
