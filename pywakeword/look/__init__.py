"""Waking by a look: camera, face, head and eyes, and whether somebody looks at the device."""

from pywakeword.look.cameras import Camera, Frame, PictureList, WebCamera
from pywakeword.look.network import install_models, models_installed
from pywakeword.look.pose import Gaze
from pywakeword.look.source import Look, LookSource
from pywakeword.look.talking import TalkingToMe
from pywakeword.look.tracker import FaceTracker, SeenFace

__all__ = [
    "Camera",
    "FaceTracker",
    "Frame",
    "Gaze",
    "Look",
    "LookSource",
    "PictureList",
    "SeenFace",
    "TalkingToMe",
    "WebCamera",
    "install_models",
    "models_installed",
]
