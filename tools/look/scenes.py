"""Count false wakes in drawn scenes of two persons who talk to each other, and missed looks.

Somebody talks all the time, so a look alone decides: the speech is taken as found at once and
loud. How often the persons glance at the device is made up, and printed with the result.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from pywakeword.audio.pcm import SAMPLE_RATE_HZ
from pywakeword.events import PossibleEnd, SpeechStart
from pywakeword.look import LookSource, PictureList, TalkingToMe
from pywakeword.look.crops import Image
from tools.look.drawing import Placed, draw_body, paste, room, sprite, with_mouth
from tools.look.head import astronaut

FPS = 10
_APART_DEG, _SWAY_DEG = 65.0, 8.0
_TURN_DEG = 25.0  # per picture
_GLANCE_S, _GLANCES_PER_HOUR = (0.2, 1.0), 30.0  # of each person, talking or not
_STARE_S, _STARES_PER_HOUR = (2.0, 4.0), 20.0  # of a person who listens
_TURN_S = (2.0, 6.0)  # how long one talks
_GRID_DEG = 4
_EYES_Y = 220.0
_BLOCK = SAMPLE_RATE_HZ // FPS


@dataclass
class Actor:
    """A person who sits at one side and looks at the other one, mostly."""

    x: float
    distance: float
    aside: float  # where the other one is
    rng: np.random.Generator
    yaw: float = 0.0
    sway: float = 0.0
    looks_left: int = 0
    talks: bool = False
    addresses: bool = False
    times: float = 1.0  # as often as assumed
    mouth: float = 0.0
    _open: bool = field(default=False, repr=False)

    def step(self) -> Placed:
        """Go on by one picture."""
        rng = self.rng
        self.looks_left = max(0, self.looks_left - 1)
        if self.looks_left == 0 and not self.addresses:
            if rng.random() < self.times * _GLANCES_PER_HOUR / 3600 / FPS:
                self.looks_left = round(rng.uniform(*_GLANCE_S) * FPS)
            elif not self.talks and rng.random() < self.times * _STARES_PER_HOUR / 3600 / FPS:
                self.looks_left = round(rng.uniform(*_STARE_S) * FPS)
        self.sway += 0.2 * (rng.normal(0, _SWAY_DEG) - self.sway)
        aim = 0.0 if self.looks_left or self.addresses else self.aside
        self.yaw += float(np.clip(aim - self.yaw, -_TURN_DEG, _TURN_DEG))
        self._open = not self._open
        self.mouth = float(rng.choice([4.0, 8.0])) if self.talks and self._open else 0.0
        small = 0.3 if aim == 0.0 else 1.0
        return Placed(
            yaw=self.yaw + small * self.sway,
            pitch=float(rng.choice([-5.0, 0.0, 5.0])) * small,
            distance=self.distance,
            x=self.x + 0.3 * self.sway,
            y=_EYES_Y,
        )


@cache
def _sprite(yaw: int, pitch: int, distance: float, mouth: float) -> Any:
    head = with_mouth(astronaut(), mouth)
    return sprite(head, Placed(yaw=yaw, pitch=pitch, distance=distance, x=0, y=0))


class Stage:
    """Draws the pictures of a scene: one room, its persons, the noise of the sensor."""

    def __init__(self, seed: int, actors: list[Actor]) -> None:
        self._rng = np.random.default_rng(seed)
        self._room = room(self._rng)
        for actor in actors:
            draw_body(self._room, Placed(x=actor.x, y=_EYES_Y, distance=actor.distance))
        self._noise = [
            self._rng.normal(0, 2, self._room.shape).astype(np.float32) for _ in range(8)
        ]

    def picture(self, actors: list[Actor]) -> Image:
        """Return the next picture."""
        canvas: npt.NDArray[np.float32] = self._room.copy()
        for actor in actors:
            placed = actor.step()
            yaw = round(placed.yaw / _GRID_DEG) * _GRID_DEG
            layer, share, left, top = _sprite(yaw, round(placed.pitch), actor.distance, actor.mouth)
            paste(canvas, layer, share, left + round(placed.x), top + round(placed.y))
        canvas += self._noise[int(self._rng.integers(len(self._noise)))]
        return np.clip(canvas, 0, 255).astype(np.uint8)


def _pair(rng: np.random.Generator, times: float = 1.0) -> list[Actor]:
    return [
        Actor(170.0, 1000.0, _APART_DEG, rng, times=times),
        Actor(470.0, 1400.0, -_APART_DEG, rng, times=times),
    ]


def conversation(
    minutes: float, seed: int, times: float = 1.0
) -> Iterator[tuple[Image, list[Actor]]]:
    """Yield the pictures of two persons who talk to each other by turns."""
    rng = np.random.default_rng(seed)
    actors, stage, left, turn = _pair(rng, times), Stage(seed, _pair(rng)), 0, 0
    for _ in range(round(minutes * 60 * FPS)):
        if left == 0:
            turn, left = 1 - turn, round(rng.uniform(*_TURN_S) * FPS)
            for index, actor in enumerate(actors):
                actor.talks = index == turn
        left -= 1
        yield stage.picture(actors), actors


def false_wakes(minutes: float, seed: int, times: float = 1.0) -> dict[str, Any]:
    """Return how often a conversation wakes."""
    talking, wakes, n_looks, n_faces = TalkingToMe(), 0, 0, []
    talked: list[bool] = []
    source = LookSource(PictureList(_watched(conversation(minutes, seed, times), talked), FPS))
    was = False
    for index in range(round(minutes * 60 * FPS)):
        looks = source.until(index / FPS)
        n_faces += [look.n_faces for look in looks]
        wakes += _hear(talking, index, looks, starts=index == 0) is not None
        n_looks += talking.looking and not was
        was = talking.looking
    return {
        "minutes": minutes,
        "glances": sum(now and not before for before, now in zip([False, *talked], talked)),
        "counted_as_looks": n_looks,
        "wakes": wakes,
        "wakes_per_hour": round(wakes * 60 / minutes / times, 1),
        "times_as_many_glances": times,
        "pictures_with_two_faces": round(float(np.mean([n == 2 for n in n_faces])), 3),
    }


def _watched(scene: Iterator[tuple[Image, list[Actor]]], talked: list[bool]) -> Iterator[Image]:
    for image, actors in scene:
        talked.append(any(actor.looks_left > 0 for actor in actors))
        yield image


def _hear(talking: TalkingToMe, index: int, looks: Any, *, starts: bool) -> int | None:
    begin = index * _BLOCK
    events = [SpeechStart(begin, begin, "speech")] if starts else []
    level = 10 if index == 0 else 3000  # the first block is the noise floor
    return talking.process(np.full(_BLOCK, level, np.int16), begin, events, looks)


def requests(n: int, seed: int, *, alone: bool) -> dict[str, Any]:
    """Return how many of `n` requests of 2 s to the device wake it, and how late."""
    rng = np.random.default_rng(seed)
    delays = []
    for number in range(n):
        actors = _pair(rng)[: 1 if alone else 2]
        speaker = actors[0]
        stage, talking = Stage(seed + number, actors), TalkingToMe()
        pictures = []
        for index in range(4 * FPS):
            speaker.addresses = index >= FPS
            speaker.talks = 1.5 * FPS <= index < 3.5 * FPS
            pictures.append(stage.picture(actors))
        source = LookSource(PictureList(pictures, FPS))
        for index in range(4 * FPS):
            starts = index == round(1.5 * FPS)
            if index == round(3.5 * FPS):
                end = index * _BLOCK
                talking.process(np.zeros(0, np.int16), end, [PossibleEnd(end, end, "pause")], [])
            if _hear(talking, index, source.until(index / FPS), starts=starts) is not None:
                delays.append((index + 1) / FPS - 1.5)
                break
    return {
        "requests": n,
        "woken": len(delays),
        "median_s_after_speech_began": round(float(np.median(delays)), 2) if delays else None,
    }


def main(argv: list[str] | None = None) -> int:
    """Measure, print and write JSON."""
    parser = argparse.ArgumentParser(prog="python -m tools.look scenes", description=__doc__)
    parser.add_argument("--minutes", type=float, default=20.0, help="of conversation")
    parser.add_argument(
        "--times", type=float, default=1.0, help="glances this often; the rate is divided by it"
    )
    parser.add_argument("--requests", type=int, default=40)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path, required=True, help="JSON file to write")
    args = parser.parse_args(argv)
    if args.minutes <= 0 or args.requests < 1 or args.times <= 0:
        parser.error("--minutes, --times and --requests must be above 0")
    results: dict[str, Any] = {
        "assumed": {
            "glances_per_person_and_hour": _GLANCES_PER_HOUR,
            "glance_s": _GLANCE_S,
            "stares_of_the_listener_per_hour": _STARES_PER_HOUR,
            "stare_s": _STARE_S,
        }
    }
    print(json.dumps(results["assumed"]), flush=True)
    measures: dict[str, Callable[[], dict[str, Any]]] = {
        "one person": lambda: requests(args.requests, args.seed, alone=True),
        "one of two persons": lambda: requests(args.requests, args.seed, alone=False),
        "conversation": lambda: false_wakes(args.minutes, args.seed, args.times),
    }
    for name, measure in measures.items():
        start = time.process_time()
        results[name] = measure()
        print(name, json.dumps(results[name]), f"{time.process_time() - start:.0f} s", flush=True)
        args.out.write_text(json.dumps(results, indent=2) + "\n", encoding="utf-8")
    return 0
