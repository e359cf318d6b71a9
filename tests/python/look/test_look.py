"""From pictures to looks, without a camera and without the face networks."""

from __future__ import annotations

import sys
import time
import types

import numpy as np
import pytest
from helpers.command_line import error_line
from helpers.looks import FakeTracker, face, picture

from pywakeword.errors import LookError, MissingExtraError
from pywakeword.events import Resumed, SpeechStart
from pywakeword.look import Gaze, Look, LookSource, PictureList, TalkingToMe, WebCamera
from pywakeword.look.crops import Square, crop
from pywakeword.look.mesh import Mesh
from pywakeword.look.network import Network
from pywakeword.look.pose import gaze_of

RATE = 16_000
LOUD = np.full(320, 3000, np.int16)


def looks(*yaws: float | None, fps: float = 10.0) -> list[Look]:
    pictures = [picture([] if yaw is None else [face(yaw)]) for yaw in yaws]
    with LookSource(PictureList(pictures, fps), tracker=FakeTracker()) as source:
        return source.until(1000.0)


def test_a_look_is_probable_only_towards_the_camera() -> None:
    assert looks(*[0.0] * 10)[-1].probability > 0.95
    assert looks(*[40.0] * 10)[-1].probability < 0.01
    # A picture alone decides nothing.
    assert looks(*[40.0] * 10, 0.0)[-1].probability < 0.5


def test_nobody_looks_without_a_face() -> None:
    (look,) = looks(None)
    assert (look.probability, look.gaze, look.n_faces) == (0.0, None, 0)


def test_pictures_are_taken_as_the_audio_goes_on() -> None:
    source = LookSource(PictureList([picture([face(0)])] * 10, 10.0), tracker=FakeTracker())
    assert [look.time_s for look in source.until(0.25)] == [0.0, 0.1, 0.2]
    assert [look.time_s for look in source.until(0.25)] == []
    assert len(source.until(5.0)) == 7


def test_the_listener_who_looks_is_not_the_one_who_talks() -> None:
    silent_looks = [face(0, number=0), face(70, number=1)]
    talking = [face(0, number=0), face(70, number=1, mouth=0.1)]
    pictures = [picture(silent_looks), picture(talking)] * 10
    with LookSource(PictureList(pictures), tracker=FakeTracker()) as source:
        assert source.until(10.0)[-1].probability < 0.05
    talking = [face(0, number=0, mouth=0.1), face(70, number=1)]
    pictures = [picture(silent_looks), picture(talking)] * 10
    with LookSource(PictureList(pictures), tracker=FakeTracker()) as source:
        assert source.until(10.0)[-1].probability > 0.95


def test_pitch_counts_beyond_ten_degrees() -> None:
    assert Gaze(0, 9, 0).past_camera == 0
    assert Gaze(0, -40, 0).probability < 0.01
    assert Gaze(10, 0, 0, eye_yaw=-10).past_camera == 0


@pytest.mark.parametrize("yaw", [-40.0, 0.0, 25.0])
@pytest.mark.parametrize("pitch", [-20.0, 0.0, 20.0])
def test_angles_of_a_turned_mesh(yaw: float, pitch: float) -> None:
    rng = np.random.default_rng(1)
    half = rng.uniform(10, 90, (234, 3))
    points = np.zeros((468, 3))
    for index, (left, right) in enumerate(
        [(33, 263), (133, 362), (61, 291), (234, 454), (127, 356), (132, 361), (58, 288)]
    ):
        points[left], points[right] = half[index] * (-1, 1, 1), half[index]
    points[10], points[152] = (0, -90, 0), (0, 90, 0)
    a, b = np.radians([-yaw, -pitch])
    around_y = np.array([[np.cos(a), 0, np.sin(a)], [0, 1, 0], [-np.sin(a), 0, np.cos(a)]])
    around_x = np.array([[1, 0, 0], [0, np.cos(b), -np.sin(b)], [0, np.sin(b), np.cos(b)]])
    mesh = Mesh(points @ (around_y @ around_x).T, np.zeros((2, 3, 2)), 1.0)
    found = gaze_of(mesh)
    assert found.yaw == pytest.approx(yaw, abs=1e-6)
    assert found.pitch == pytest.approx(pitch, abs=1e-6)


def test_a_crop_turns_back_what_is_turned() -> None:
    image = np.zeros((100, 100, 3), np.uint8)
    image[40:60, 20:80] = 200
    upright = crop(image, Square(50, 50, 80), 40)
    turned = crop(np.rot90(image).copy(), Square(50, 50, 80, -np.pi / 2), 40)
    assert np.abs(upright - turned).max() < 1
    assert crop(image, Square(500, 500, 20), 8).max() == 0
    assert crop(image, Square(50, 50, 400), 10)[5, 5].max() > 0


def steps(
    talking: TalkingToMe, seen: list[Look], events: dict[int, list], seconds: float
) -> list[tuple[float, int]]:
    """Return when and from which sample `talking` fired."""
    fired = []
    for begin in range(0, int(seconds * RATE), 320):
        now = begin + 320
        due = [look for look in seen if begin < look.time_s * RATE <= now]
        block = LOUD if begin >= RATE else LOUD // 100
        start = talking.process(block, begin, events.get(begin, []), due)
        if start is not None:
            fired.append((now / RATE, start))
    return fired


def at(time_s: float, probability: float) -> Look:
    return Look(time_s, probability, None, 1)


def test_a_look_and_speech_wake() -> None:
    speech = {RATE: [SpeechStart(RATE, RATE + 320, "speech")]}
    assert steps(TalkingToMe(), [at(0.5, 0.9)], speech, 3) == [(1.2, RATE)]
    # Turned to the device in the middle of a talk: what comes before is for somebody else.
    assert steps(TalkingToMe(), [at(2.0, 0.9)], speech, 4) == [(2.7, 2 * RATE)]


def test_neither_alone_wakes() -> None:
    speech = {RATE: [SpeechStart(RATE, RATE + 320, "speech")]}
    assert steps(TalkingToMe(), [at(0.5, 0.3)], speech, 3) == []
    assert steps(TalkingToMe(), [at(0.5, 0.9)], {}, 3) == []
    # A glance is too short.
    assert steps(TalkingToMe(), [at(1.5, 0.9), at(2.0, 0.1)], speech, 4) == []
    # Quiet speech in the distance is not for the device.
    assert steps(TalkingToMe(level_db=60), [at(0.5, 0.9)], speech, 3) == []


def test_one_look_and_one_utterance_wake_once() -> None:
    events = {
        RATE: [SpeechStart(RATE, RATE + 320, "speech")],
        2 * RATE: [Resumed(2 * RATE, 2 * RATE, "speech")],
    }
    assert len(steps(TalkingToMe(), [at(0.5, 0.9)], events, 4)) == 1


@pytest.mark.parametrize(
    ("options", "message"),
    [({"threshold": 1.5}, "threshold"), ({"look_s": "long"}, "look_s")],
)
def test_wrong_options(options: dict, message: str) -> None:
    with pytest.raises((TypeError, ValueError), match=message):
        TalkingToMe(**options)


def test_the_networks_are_missing(monkeypatch: pytest.MonkeyPatch, tmp_path) -> None:
    monkeypatch.setenv("PYWAKEWORD_LOOK", str(tmp_path))
    litert = types.SimpleNamespace(Interpreter=None)
    monkeypatch.setitem(sys.modules, "ai_edge_litert", types.SimpleNamespace())
    monkeypatch.setitem(sys.modules, "ai_edge_litert.interpreter", litert)
    with pytest.raises(LookError, match="pywakeword look --install"):
        Network("face_landmark.tflite")
    folder = tmp_path / "mediapipe-faces"
    folder.mkdir()
    (folder / "face_landmark.tflite").write_bytes(b"changed")
    with pytest.raises(LookError, match="not the known file"):
        Network("face_landmark.tflite")


class Capture:
    """OpenCV's camera: some pictures, then nothing."""

    def __init__(self, n_pictures: int) -> None:
        self.n_pictures, self.open = n_pictures, n_pictures >= 0

    def isOpened(self) -> bool:
        return self.open

    def read(self):
        self.n_pictures -= 1
        return self.n_pictures >= 0, np.full((4, 4, 3), (1, 2, 3), np.uint8)

    def release(self) -> None:
        self.open = False


def fake_cv2(monkeypatch: pytest.MonkeyPatch, n_pictures: int) -> Capture:
    capture = Capture(n_pictures)
    logging = types.SimpleNamespace(LOG_LEVEL_SILENT=0, setLogLevel=lambda level: None)
    cv2 = types.SimpleNamespace(
        utils=types.SimpleNamespace(logging=logging), VideoCapture=lambda index: capture
    )
    monkeypatch.setitem(sys.modules, "cv2", cv2)
    return capture


def test_no_camera_is_one_clear_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    fake_cv2(monkeypatch, -1)
    assert "no camera 3" in error_line(capsys, "look", "--camera", 3)
    assert "no camera 0" in error_line(capsys, "run", "--model", "computer", "--look")


def test_no_extra_is_one_clear_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "cv2", None)
    assert "pywakeword[look]" in error_line(capsys, "look")
    with pytest.raises(MissingExtraError):
        WebCamera()


def test_run_refuses_a_look_that_cannot_be(capsys: pytest.CaptureFixture[str]) -> None:
    wav = "tests/golden/computer.wav"
    assert "--look" in error_line(capsys, "run", wav, "--model", "computer", "--look")
    assert "--camera" in error_line(capsys, "run", wav, "--model", "computer", "--camera", 1)
    assert "--seconds" in error_line(capsys, "look", "--seconds", 0)


def test_a_live_camera_is_watched_and_its_loss_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    fake_cv2(monkeypatch, 3)
    camera = WebCamera(fps=60)
    with LookSource(camera, tracker=FakeTracker()) as source:
        seen: list[Look] = []
        with pytest.raises(LookError, match="went away"):
            poll(source, seen)
        assert {look.time_s for look in seen} == {7.0}


def poll(source: LookSource, seen: list[Look]) -> None:
    for _ in range(1000):
        seen += source.until(7.0)
        time.sleep(0.01)


def test_closing_switches_the_camera_off(monkeypatch: pytest.MonkeyPatch) -> None:
    capture = fake_cv2(monkeypatch, 10**9)
    with LookSource(WebCamera(fps=60), tracker=FakeTracker()) as source:
        source.until(0.0)
    assert not capture.open
    assert source._thread is not None
    assert not source._thread.is_alive()
    assert source._error is None


def test_pictures_of_a_camera_are_red_green_blue(monkeypatch: pytest.MonkeyPatch) -> None:
    fake_cv2(monkeypatch, 1)
    frame = next(iter(WebCamera()))
    assert frame.image[0, 0].tolist() == [3, 2, 1]
    assert "image" not in repr(frame)
