"""Rotated square pieces of a picture, as the inputs of the networks."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Image = npt.NDArray[np.uint8]  # (height, width, 3), red green blue
Points = npt.NDArray[np.float64]  # (n, 2 or 3): x and y in pixels of the picture, z in their scale

_DIM, _BRIGHT, _MOST_GAIN = 70.0, 110.0, 8.0


@dataclass(frozen=True)
class Square:
    """A rotated square in a picture: centre and side in pixels, angle in radians."""

    x: float
    y: float
    side: float
    angle: float = 0.0

    def to_picture(self, points: npt.NDArray[np.floating], size: int) -> Points:
        """Return where points of the crop of `size` pixels are in the picture."""
        scale = self.side / size
        cos, sin = np.cos(self.angle) * scale, np.sin(self.angle) * scale
        x, y = points[:, 0] - size / 2, points[:, 1] - size / 2
        columns = [self.x + x * cos - y * sin, self.y + x * sin + y * cos]
        if points.shape[1] > 2:
            columns.append(points[:, 2] * scale)
        return np.column_stack(columns).astype(np.float64)


def brightened(image: Image) -> Image:
    """Return a picture of a dim room as if it were lit; others as they are."""
    mean = float(image[::8, ::8].mean())
    if mean >= _DIM:
        return image
    gain = min(_MOST_GAIN, _BRIGHT / max(mean, 1.0))
    table = np.minimum(np.arange(256) * gain, 255).astype(np.uint8)
    lit: Image = table[image]
    return lit


def crop(image: Image, square: Square, size: int) -> npt.NDArray[np.float32]:
    """Return the square as (size, size, 3), 0 to 255; black outside of the picture."""
    step = max(1, int(square.side / size))
    reach = int(square.side * 0.75) + 2 * step
    top, left = max(0, int(square.y) - reach), max(0, int(square.x) - reach)
    near = image[top : int(square.y) + reach, left : int(square.x) + reach]
    if not near.size:
        return np.zeros((size, size, 3), np.float32)
    small = _reduced(near, step)
    middle = np.arange(size) + 0.5
    grid = np.stack(np.meshgrid(middle, middle), -1).reshape(-1, 2)
    at = (square.to_picture(grid, size) - (left, top)) / step - 0.5
    return _bilinear(small, at).reshape(size, size, 3)


def _reduced(image: Image, step: int) -> npt.NDArray[np.float32]:
    """Average blocks of `step` pixels, so that a smaller picture has no aliases."""
    if step == 1:
        return image.astype(np.float32)
    height, width = (n - n % step for n in image.shape[:2])
    parts = [
        image[row:height:step, column:width:step].astype(np.float32)
        for row in range(step)
        for column in range(step)
    ]
    return np.asarray(sum(parts) / np.float32(step * step), np.float32)


def _bilinear(image: npt.NDArray[np.float32], at: Points) -> npt.NDArray[np.float32]:
    padded = np.pad(image, ((1, 1), (1, 1), (0, 0)))
    height, width = padded.shape[:2]
    x, y = at[:, 0] + 1, at[:, 1] + 1
    outside = (x < 0) | (y < 0) | (x >= width - 1) | (y >= height - 1)
    x, y = np.where(outside, 0, x), np.where(outside, 0, y)
    left, top = x.astype(np.intp), y.astype(np.intp)
    right = (x - left).astype(np.float32)[:, None]
    down = (y - top).astype(np.float32)[:, None]
    flat = padded.reshape(-1, 3)
    start = top * width + left
    upper = flat[start] * (1 - right) + flat[start + 1] * right
    lower = flat[start + width] * (1 - right) + flat[start + width + 1] * right
    found: npt.NDArray[np.float32] = upper * (1 - down) + lower * down
    return found
