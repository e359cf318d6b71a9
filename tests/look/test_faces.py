"""The face networks themselves, on drawn heads: `pytest tests/look`.

Needs the extras `look` and `kits`, and `pywakeword look --install`.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from pywakeword.look import FaceTracker, LookSource, PictureList
from tools.look import angles, scenes
from tools.look.angles import picture, seen
from tools.look.drawing import Placed, drawn, photographed, room, with_eyes, with_glasses
from tools.look.head import astronaut


@pytest.mark.parametrize("yaw", [-40, -20, 0, 20, 40])
@pytest.mark.parametrize(("distance", "limit"), [(600.0, 5.0), (2000.0, 13.0)])
def test_the_angle_of_a_drawn_head(yaw: int, distance: float, limit: float) -> None:
    placed = Placed(yaw=yaw, distance=distance)
    gaze = seen(picture(astronaut(), placed, np.random.default_rng(1)))
    assert gaze is not None
    assert abs(gaze.yaw - yaw) < limit


@pytest.mark.parametrize("pitch", [-15, 15])
def test_pitch(pitch: int) -> None:
    gaze = seen(picture(astronaut(), Placed(pitch=pitch), np.random.default_rng(1)))
    assert gaze is not None
    assert abs(gaze.pitch - pitch) < 10


def test_eyes_that_turn_in_the_head() -> None:
    rng = np.random.default_rng(1)
    found = []
    for eyes in (-20, 0, 20):
        gaze = seen(picture(with_eyes(astronaut(), eyes), Placed(), rng))
        assert gaze is not None
        found.append(gaze.eye_yaw)
    assert found[0] < -6 < found[1] < 6 < found[2]


def test_glasses_and_dim_light() -> None:
    rng = np.random.default_rng(1)
    for head, light in ((with_glasses(astronaut()), 1.0), (astronaut(), 0.15)):
        gaze = seen(picture(head, Placed(yaw=10), rng, light=light))
        assert gaze is not None
        assert abs(gaze.yaw - 10) < 8


def test_an_empty_room_has_no_face() -> None:
    rng = np.random.default_rng(1)
    assert all(seen(photographed(room(rng), rng)) is None for _ in range(5))


def test_two_persons_keep_their_numbers() -> None:
    rng = np.random.default_rng(1)
    tracker, head = FaceTracker(), astronaut()
    one = Placed(yaw=30, distance=1000.0, x=180.0)
    other = Placed(yaw=-30, distance=1000.0, x=460.0)
    numbers = []
    for step in range(6):
        canvas = room(rng)
        drawn(canvas, head, replace(one, x=one.x + 3 * step))
        drawn(canvas, head, other)
        faces = tracker.process(photographed(canvas, rng))
        numbers.append({face.gaze.yaw > 0: face.number for face in faces})
    assert all(found == numbers[0] for found in numbers)
    assert len(numbers[0]) == 2


def test_who_looks_at_the_camera_is_seen_to_look() -> None:
    rng = np.random.default_rng(1)
    pictures = [picture(astronaut(), Placed(yaw=yaw), rng) for yaw in [0] * 5 + [45] * 8]
    with LookSource(PictureList(pictures)) as source:
        looks = source.until(100.0)
    assert looks[4].probability > 0.8
    assert looks[-1].probability < 0.1


def test_a_short_conversation_wakes_nobody_and_a_request_does() -> None:
    conversation = scenes.false_wakes(0.1, seed=3)
    assert conversation["wakes"] == 0
    assert conversation["pictures_with_two_faces"] > 0.5
    assert scenes.requests(1, seed=1, alone=True)["woken"] == 1
    assert scenes.requests(1, seed=1, alone=False)["woken"] == 1


@pytest.mark.parametrize("verb", [angles.main, scenes.main])
def test_bad_options_of_the_kit(verb, tmp_path, capsys: pytest.CaptureFixture[str]) -> None:
    wrong = "--pictures" if verb is angles.main else "--minutes"
    with pytest.raises(SystemExit) as ended:
        verb([wrong, "0", "--out", str(tmp_path / "out.json")])
    assert ended.value.code == 2
    assert "must be" in capsys.readouterr().err
