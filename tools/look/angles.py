"""Measure the angle of drawn heads: error by yaw, distance, light and glasses; CPU per picture.

The heads are one picture of a face, turned to known angles (tools/look/head.py).
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path
from typing import Any

import numpy as np

from pywakeword.look import FaceTracker, Gaze
from pywakeword.look.crops import Image
from tools.look.drawing import Placed, drawn, photographed, room, with_eyes, with_glasses
from tools.look.head import Head, astronaut

_YAWS = range(-60, 61, 10)
_DISTANCES_MM = (600.0, 2000.0)
_DIM = 0.15


def picture(head: Head, placed: Placed, rng: np.random.Generator, *, light: float = 1.0) -> Image:
    """Return a picture of one head in a room."""
    canvas = room(rng)
    drawn(canvas, head, placed)
    return photographed(canvas, rng, light=light)


def seen(image: Image) -> Gaze | None:
    """Return where the face looks, None if none or more than one is found."""
    faces = FaceTracker().process(image)
    return faces[0].gaze if len(faces) == 1 else None


def measured(
    head: Head, yaw: float, distance: float, n: int, *, light: float, pitch: float = 0.0
) -> dict[str, Any]:
    """Return how many of `n` pictures have a face, and the errors of its angles."""
    rng = np.random.default_rng((round(yaw) + 90, round(distance), round(light * 100)))
    errors, pitch_errors = [], []
    for _ in range(n):
        at = Placed(
            yaw=yaw,
            pitch=pitch + rng.uniform(-5, 5),
            roll=rng.uniform(-8, 8),
            distance=distance,
            x=320 + rng.uniform(-80, 80),
            y=230 + rng.uniform(-20, 20),
        )
        gaze = seen(picture(head, at, rng, light=light))
        if gaze is not None:
            errors.append(gaze.yaw - yaw)
            pitch_errors.append(gaze.pitch - at.pitch)
    return {
        "found": len(errors) / n,
        "bias": round(float(np.mean(errors)), 1) if errors else None,
        "error": round(float(np.mean(np.abs(errors))), 1) if errors else None,
        "pitch_error": round(float(np.mean(np.abs(pitch_errors))), 1) if errors else None,
    }


def speed(head: Head, n_faces: int, n_pictures: int = 60) -> dict[str, float]:
    """Return the CPU time per picture of a video of 10 pictures per second, tracked."""
    rng = np.random.default_rng(5)
    images = []
    for index in range(10):
        canvas = room(rng)
        for place in range(n_faces):
            x = 640 * (place + 1) / (n_faces + 1)
            drawn(canvas, head, Placed(yaw=float(index), distance=1000.0, x=x))
        images.append(photographed(canvas, rng))
    tracker = FaceTracker()
    tracker.process(images[0])
    start = time.process_time()
    for index in range(n_pictures):
        tracker.process(images[index % len(images)])
    per_picture = (time.process_time() - start) / n_pictures
    return {"cpu_ms": round(per_picture * 1000, 1), "fps_of_one_core": round(1 / per_picture, 1)}


def main(argv: list[str] | None = None) -> int:
    """Measure, print and write JSON."""
    parser = argparse.ArgumentParser(prog="python -m tools.look angles", description=__doc__)
    parser.add_argument("--pictures", type=int, default=4, help="of each angle and condition")
    parser.add_argument("--out", type=Path, required=True, help="JSON file to write")
    args = parser.parse_args(argv)
    if args.pictures < 1:
        parser.error("--pictures must be at least 1")
    head = astronaut()
    conditions = {"bright": (head, 1.0), "dim": (head, _DIM), "glasses": (with_glasses(head), 1.0)}
    results: dict[str, Any] = {"speed": {n: speed(head, n) for n in (1, 2)}, "yaw": {}, "eyes": {}}
    print("CPU per picture, faces:", results["speed"], flush=True)
    print("| condition, distance | yaw | found | bias | mean error | of pitch |")
    for condition, (shown, light) in conditions.items():
        for distance in _DISTANCES_MM:
            rows = results["yaw"].setdefault(f"{condition} {distance / 1000} m", {})
            for yaw in _YAWS:
                row = rows[yaw] = measured(shown, yaw, distance, args.pictures, light=light)
                cells = (f"{row['found']:.0%}", row["bias"], row["error"], row["pitch_error"])
                place = f"{condition}, {distance / 1000} m"
                print(f"| {place} | {yaw} | {' | '.join(map(str, cells))} |", flush=True)
    for eyes in (-20, -10, 0, 10, 20):
        rng = np.random.default_rng(eyes + 90)
        turned = with_eyes(head, eyes)
        gazes = [seen(picture(turned, Placed(), rng)) for _ in range(args.pictures)]
        found = [gaze.eye_yaw for gaze in gazes if gaze is not None]
        results["eyes"][eyes] = round(float(np.mean(found)), 1) if found else None
    print("eyes drawn at:", results["eyes"])
    args.out.write_text(json.dumps(results, indent=2) + "\n", encoding="utf-8")
    return 0
