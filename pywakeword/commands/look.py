"""`pywakeword look`: whether somebody looks at the device, as the camera sees it."""

from __future__ import annotations

import argparse
import json
import sys
import time

from pywakeword.commands._options import SubParsers
from pywakeword.look import Look, LookSource, WebCamera, install_models, models_installed

_POLL_S = 0.05


def add_parser(commands: SubParsers) -> None:
    """Declare the command."""
    parser = commands.add_parser(
        "look",
        help="show whether somebody looks at the device (camera)",
        description="Watch a camera and print where the person looks, until Ctrl-C (extra look). "
        "Pictures are not stored and do not leave this process.",
    )
    parser.add_argument(
        "--install",
        action="store_true",
        help="install MediaPipe's face networks by pip, 7 MB, Apache-2.0",
    )
    parser.add_argument(
        "--camera", type=int, default=0, metavar="INDEX", help="which camera (default: 0)"
    )
    parser.add_argument("--seconds", type=float, metavar="S", help="stop after this time")
    parser.add_argument("--json", action="store_true", help="print one JSON object per line")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Install the networks, or watch."""
    if args.install:
        if models_installed():
            print("the face networks are installed")
        else:
            folder = install_models(lambda step: print(step, file=sys.stderr))
            print(f"the face networks are installed in {folder}")
        return 0
    if args.seconds is not None and not args.seconds > 0:
        raise ValueError(f"--seconds must be above 0, got {args.seconds!r}")
    with open_look(args.camera) as source:
        print(f"camera {args.camera} is on; Ctrl-C ends", file=sys.stderr, flush=True)
        start = time.monotonic()
        while args.seconds is None or time.monotonic() - start < args.seconds:
            for look in source.until(time.monotonic() - start):
                print(_line(look, args.json), flush=True)
            time.sleep(_POLL_S)
    return 0


def open_look(index: int) -> LookSource:
    """Open the camera and load the networks; the camera is off again if they cannot be."""
    camera = WebCamera(index)
    try:
        return LookSource(camera)
    except Exception:
        camera.close()
        raise


def _line(look: Look, as_json: bool) -> str:
    gaze = look.gaze
    record = {
        "at": round(look.time_s, 2),
        "faces": look.n_faces,
        "probability": round(look.probability, 3),
        "yaw": None if gaze is None else round(gaze.yaw, 1),
        "pitch": None if gaze is None else round(gaze.pitch, 1),
    }
    if as_json:
        return json.dumps(record)
    if gaze is None:
        return f"{look.time_s:8.2f} s  no face"
    return (
        f"{look.time_s:8.2f} s  {look.n_faces} faces  looks at the device: "
        f"{look.probability:.2f}  yaw {gaze.yaw:+.0f}  pitch {gaze.pitch:+.0f}"
    )
