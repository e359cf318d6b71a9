"""`LookSource`: from a camera to whether somebody looks at the device."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass, replace

from pywakeword.look.cameras import Camera, Frame
from pywakeword.look.pose import Gaze
from pywakeword.look.tracker import AnyTracker, FaceTracker, SeenFace

_SMOOTHING_S = 0.25
_MOUTH_S = 0.7
_LEAST_MOUTH = 0.012  # of the face's height, between the lips' narrowest and widest
_FORGOTTEN_S = 1.0


@dataclass(frozen=True)
class Look:
    """What one picture says. The picture itself is not kept.

    Attributes
    ----------
    time_s : float
        When it was taken.
    probability : float
        That somebody looks at the device and may be the one who talks; 0 to 1, smoothed.
    gaze : Gaze or None
        Of that face; None without a face.
    n_faces : int
        How many there are.
    """

    time_s: float
    probability: float
    gaze: Gaze | None
    n_faces: int


class LookSource:
    """Turns the pictures of a camera into `Look`s. Pictures are not stored and go nowhere.

    Parameters
    ----------
    camera : Camera
        A `WebCamera`, or pictures. Closed with the source.
    tracker : FaceTracker, optional
        Finds the faces; made by default.

    Raises
    ------
    MissingExtraError
        If LiteRT is not installed (extra `look`).
    LookError
        If the face networks are not installed.
    """

    def __init__(self, camera: Camera, *, tracker: AnyTracker | None = None) -> None:
        self._camera = camera
        self._tracker = FaceTracker() if tracker is None else tracker
        self._persons: dict[int, _Person] = {}
        self._frames: Iterator[Frame] | None = None
        self._waiting: Frame | None = None
        self._thread: threading.Thread | None = None
        self._lock = threading.Lock()
        self._found: list[Look] = []
        self._error: Exception | None = None
        self._closed = False

    def until(self, time_s: float) -> list[Look]:
        """Return what was seen since the last call, up to this time of the audio.

        A live camera is watched by a thread from the first call on; its pictures get the time
        of the call.

        Raises
        ------
        LookError
            If the camera went away.
        """
        if not self._camera.live:
            return self._recorded(time_s)
        if self._thread is None and not self._closed:
            self._thread = threading.Thread(target=self._watch, name="look", daemon=True)
            self._thread.start()
        with self._lock:
            found, self._found = self._found, []
            error = None if found else self._error
        if error is not None:
            raise error
        return [replace(look, time_s=time_s) for look in found]

    def close(self) -> None:
        """Switch the camera off."""
        self._closed = True
        self._camera.close()
        if self._thread is not None:
            self._thread.join(timeout=5)

    def __enter__(self) -> LookSource:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _recorded(self, time_s: float) -> list[Look]:
        if self._frames is None:
            self._frames = iter(self._camera)
        found: list[Look] = []
        while True:
            frame = self._waiting or next(self._frames, None)
            self._waiting = None
            if frame is None:
                return found
            if frame.time_s > time_s:
                self._waiting = frame
                return found
            found.append(self._look(frame))

    def _watch(self) -> None:
        try:
            for frame in self._camera:
                if self._closed:
                    return
                look = self._look(frame)
                with self._lock:
                    self._found.append(look)
        except Exception as error:
            with self._lock:
                self._error = None if self._closed else error

    def _look(self, frame: Frame) -> Look:
        faces = self._tracker.process(frame.image)
        for face in faces:
            person = self._persons.setdefault(face.number, _Person())
            person.update(frame.time_s, face)
        self._persons = {
            number: person
            for number, person in self._persons.items()
            if person.time_s > frame.time_s - _FORGOTTEN_S
        }
        here = [self._persons[face.number] for face in faces]
        if not here:
            return Look(frame.time_s, 0.0, None, 0)
        # Among several persons, the one who talks is one whose lips move.
        moving = [person for person in here if person.lips >= _LEAST_MOUTH]
        asked = here if len(here) == 1 else moving
        looks = [(person.probability, person.gaze) for person in asked]
        probability, gaze = max(looks, key=lambda look: look[0], default=(0.0, here[0].gaze))
        return Look(frame.time_s, probability, gaze, len(here))


class _Person:
    """A face's smoothed probability, and how its lips moved lately."""

    def __init__(self) -> None:
        self.probability = 0.0
        self.time_s = float("-inf")
        self.gaze: Gaze | None = None
        self._mouths: list[tuple[float, float]] = []

    @property
    def lips(self) -> float:
        """Between the narrowest and the widest opening of the last 0.7 s."""
        openings = [mouth for _, mouth in self._mouths]
        return max(openings) - min(openings)

    def update(self, time_s: float, face: SeenFace) -> None:
        """Take the next picture into account."""
        gap = time_s - self.time_s
        share = min(1.0, gap / _SMOOTHING_S) if gap < _FORGOTTEN_S else 0.5
        self.probability += share * (face.gaze.probability - self.probability)
        self.time_s, self.gaze = time_s, face.gaze
        self._mouths = [m for m in self._mouths if m[0] > time_s - _MOUTH_S]
        self._mouths.append((time_s, face.mouth))
