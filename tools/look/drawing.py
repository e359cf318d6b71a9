"""Draws heads: a camera of known focal length, triangles with texture, light, glasses, noise."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from pywakeword.look.crops import Image, Points
from tools.look.head import LEFT_LIDS, N_FACE, RIGHT_LIDS, Head, inside

WIDTH, HEIGHT, FOCAL = 640, 480, 554.0  # 60 degrees across
_FINER = 2  # drawn larger, then averaged
_IRIS_MM, _EYEBALL_MM = 5.9, 12.0


@dataclass(frozen=True)
class Placed:
    """Where a head is and how it is turned.

    Angles are in degrees to the line from the head to the camera: yaw to the right of the
    picture, pitch upwards, roll clockwise. The distance is in mm, x and y in pixels.
    """

    yaw: float = 0.0
    pitch: float = 0.0
    roll: float = 0.0
    distance: float = 600.0
    x: float = WIDTH / 2
    y: float = HEIGHT / 2


def drawn(canvas: npt.NDArray[np.float32], head: Head, placed: Placed) -> None:
    """Draw a head, neck and shoulders onto a picture of (height, width, 3), 0 to 255."""
    draw_body(canvas, placed)
    layer, covered, left, top = sprite(head, placed)
    paste(canvas, layer, covered, left, top)


def paste(
    canvas: npt.NDArray[np.float32],
    layer: npt.NDArray[np.float32],
    covered: npt.NDArray[np.float32],
    left: int,
    top: int,
) -> None:
    """Put a drawn head onto a picture."""
    height, width = canvas.shape[:2]
    x0, y0 = max(0, left), max(0, top)
    x1, y1 = min(width, left + layer.shape[1]), min(height, top + layer.shape[0])
    if x0 >= x1 or y0 >= y1:
        return
    part = np.s_[y0 - top : y1 - top, x0 - left : x1 - left]
    share = covered[part][..., None]
    canvas[y0:y1, x0:x1] = canvas[y0:y1, x0:x1] * (1 - share) + layer[part] * share


def draw_body(canvas: npt.NDArray[np.float32], placed: Placed) -> None:
    """Draw neck and shoulders."""
    scale = FOCAL / placed.distance
    y, x = np.mgrid[: canvas.shape[0], : canvas.shape[1]]
    below, aside = (y - placed.y) / scale, abs(x - placed.x) / scale
    shoulders = (below > 150) & (aside < np.minimum(230, 70 + (np.maximum(below, 150) - 150) * 2.5))
    canvas[shoulders] = (70, 75, 95)
    canvas[(below > 30) & (below < 165) & (aside < 55)] = (190, 140, 118)


def sprite(
    head: Head, placed: Placed
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32], int, int]:
    """Return a drawn head, how much of each pixel it covers, and its left and top."""
    turned = head.points @ rotation(placed.yaw, placed.pitch, placed.roll).T
    depth = turned[:, 2] + placed.distance
    flat = turned[:, :2] * (FOCAL / depth)[:, None]
    low = np.floor(flat.min(0)).astype(int) - 1
    size = np.ceil(flat.max(0)).astype(int) + 2 - low
    at = (flat - low) * _FINER
    layer, covered = _rasterise(head, at, depth, size * _FINER)
    small = layer.reshape(size[1], _FINER, size[0], _FINER, 3).mean((1, 3))
    share = covered.reshape(size[1], _FINER, size[0], _FINER).mean((1, 3))
    small /= np.maximum(share, 1e-6)[..., None]
    left, top = round(placed.x) + int(low[0]), round(placed.y) + int(low[1])
    return small.astype(np.float32), share.astype(np.float32), left, top


def rotation(yaw: float, pitch: float, roll: float) -> npt.NDArray[np.float64]:
    """Return the matrix that turns a head that looks at the viewer."""
    a, b, c = np.radians([-yaw, -pitch, roll])
    # The face looks along -z.
    around_y = np.array([[np.cos(a), 0, np.sin(a)], [0, 1, 0], [-np.sin(a), 0, np.cos(a)]])
    around_x = np.array([[1, 0, 0], [0, np.cos(b), -np.sin(b)], [0, np.sin(b), np.cos(b)]])
    around_z = np.array([[np.cos(c), -np.sin(c), 0], [np.sin(c), np.cos(c), 0], [0, 0, 1]])
    turned: npt.NDArray[np.float64] = around_z @ around_y @ around_x
    return turned


def _rasterise(
    head: Head, at: Points, depth: npt.NDArray[np.float64], size: npt.NDArray[np.intp]
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Fill the triangles, nearest on top."""
    width, height = int(size[0]), int(size[1])
    nearest = np.full((height, width), np.inf)
    places = np.zeros((height, width, 2))
    for triangle in head.triangles:
        (ax, ay), (bx, by), (cx, cy) = corners = at[triangle]
        area = (bx - ax) * (cy - ay) - (by - ay) * (cx - ax)
        if abs(area) < 1e-9:
            continue
        x0, y0 = np.maximum(np.floor(corners.min(0)).astype(int), 0)
        x1, y1 = np.minimum(np.ceil(corners.max(0)).astype(int) + 1, (width, height))
        x, y = np.arange(x0, x1) + 0.5, (np.arange(y0, y1) + 0.5)[:, None]
        u = ((bx - x) * (cy - y) - (by - y) * (cx - x)) / area
        v = ((cx - x) * (ay - y) - (cy - y) * (ax - x)) / area
        w = 1 - u - v
        weights = np.stack([u, v, w], -1) / depth[triangle]
        total = weights.sum(-1)
        here = (u >= 0) & (v >= 0) & (w >= 0) & (1 / total < nearest[y0:y1, x0:x1])
        nearest[y0:y1, x0:x1][here] = 1 / total[here]
        places[y0:y1, x0:x1][here] = (weights[here] @ head.places[triangle]) / total[here][:, None]
    covered = np.isfinite(nearest)
    colours = np.zeros((height, width, 3))
    colours[covered] = _looked_up(head.texture, places[covered])
    return colours, covered.astype(np.float64)


def _looked_up(texture: Image, at: Points) -> npt.NDArray[np.float64]:
    limits = np.array(texture.shape[1::-1]) - 2
    clipped = np.clip(at, 0, limits)
    whole = clipped.astype(int)
    across, down = (clipped - whole).T[..., None]
    x, y = whole.T
    rows = texture.astype(np.float64)
    upper = rows[y, x] * (1 - across) + rows[y, x + 1] * across
    lower = rows[y + 1, x] * (1 - across) + rows[y + 1, x + 1] * across
    found: npt.NDArray[np.float64] = upper * (1 - down) + lower * down
    return found


def with_glasses(head: Head) -> Head:
    """Return the head with dark frames drawn around the eyes, and pale reflections in them."""
    texture = head.texture.astype(np.float64)
    y, x = np.mgrid[: texture.shape[0], : texture.shape[1]]
    middles = []
    for lids in (LEFT_LIDS, RIGHT_LIDS):
        middle = head.places[list(lids)].mean(0)
        width = float(np.ptp(head.places[list(lids), 0]))
        middles.append((middle, width))
        far = np.hypot((x - middle[0]) / (0.95 * width), (y - middle[1]) / (0.75 * width))
        texture[(far < 1.0) & (far > 0.84)] = (25, 20, 20)
        glass = far <= 0.84
        texture[glass] = texture[glass] * 0.85 + 38 * (y[glass] < middle[1])[:, None]
    ((left, width), (right, _)) = middles
    bridge = (x > left[0] + 0.9 * width) & (x < right[0] - 0.9 * width)
    texture[bridge & (abs(y - (left[1] + right[1]) / 2 + 0.1 * width) < 1.5)] = (25, 20, 20)
    return replace(head, texture=np.clip(texture, 0, 255).astype(np.uint8))


def with_eyes(head: Head, yaw: float) -> Head:
    """Return the head with drawn eyes that are turned by `yaw` degrees in the head."""
    texture = head.texture.astype(np.float64)
    per_mm = float(np.ptp(head.places[[10, 152], 1])) / 190.0
    y, x = np.mgrid[: texture.shape[0], : texture.shape[1]]
    for lids in (LEFT_LIDS, RIGHT_LIDS):
        outline = head.places[list(lids)]
        low, high = np.floor(outline.min(0)).astype(int), np.ceil(outline.max(0)).astype(int) + 1
        part = np.s_[low[1] : high[1], low[0] : high[0]]
        at = np.stack([x[part], y[part]], -1).reshape(-1, 2).astype(np.float64)
        open_ = inside(at, outline).reshape(x[part].shape)
        # The corners of the eye are its ends; the iris is between them when it looks ahead.
        corners = head.places[[lids[0], lids[8]]].mean(0)
        iris = corners[0] + _EYEBALL_MM * np.sin(np.radians(yaw)) * per_mm
        far = np.hypot(x[part] - iris, y[part] - (low[1] + high[1]) / 2) / (_IRIS_MM * per_mm)
        eye = np.where(far[..., None] < 1, (70.0, 50.0, 40.0), (215.0, 205.0, 200.0))
        eye[far < 0.45] = (15, 15, 15)
        texture[part][open_] = eye[open_]
    return replace(head, texture=texture.astype(np.uint8))


def with_mouth(head: Head, open_mm: float) -> Head:
    """Return the head with its lower lip and jaw moved down."""
    x, y, _ = head.points.T
    below = np.clip((y - float(y[13])) / 4.0, 0, 1) * (np.arange(len(y)) < N_FACE)
    moved = head.points.copy()
    moved[:, 1] += open_mm * below * np.exp(-((x / 40.0) ** 2))
    return replace(head, points=moved)


def room(rng: np.random.Generator) -> npt.NDArray[np.float32]:
    """Return a background: a wall with soft patches."""
    coarse = rng.uniform(90, 190, (7, 9, 1)) + rng.uniform(-20, 20, (7, 9, 3))
    rows, columns = np.linspace(0, 5.999, HEIGHT), np.linspace(0, 7.999, WIDTH)
    y, x = rows.astype(int)[:, None], columns.astype(int)[None]
    down, across = (
        (rows - rows.astype(int))[:, None, None],
        (columns - columns.astype(int))[:, None],
    )
    upper = coarse[y, x] * (1 - across) + coarse[y, x + 1] * across
    lower = coarse[y + 1, x] * (1 - across) + coarse[y + 1, x + 1] * across
    return np.asarray(upper * (1 - down) + lower * down, np.float32)


def photographed(
    canvas: npt.NDArray[np.float32], rng: np.random.Generator, *, light: float = 1.0
) -> Image:
    """Return what a sensor makes of it: dim light is darker and noisier."""
    noise = rng.normal(0, 2 + 4 * (1 - light), canvas.shape).astype(np.float32)
    return np.clip(canvas * np.float32(light) + noise, 0, 255).astype(np.uint8)
