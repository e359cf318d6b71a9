"""Hours of the live view in a minute: what a frame costs, and what memory does, in a browser.

    python -m tools.studio hours [--hours 2] [--json FILE]

The page gets the messages of a stream as from the studio, as fast as it takes them: 25 per
simulated second, a detection each 10 s. Once per simulated minute a second of the moving view
is drawn, 30 frames, and its CPU time taken. Before that, the page listens to a fake microphone
for 10 s of real time, and its frames are counted. Needs chromium and chromium-driver, and the
extras `browser` and `studio`.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from pywakeword.audio import FileSource
from pywakeword.studio.app import Studio
from pywakeword.studio.catalogue import Catalogue
from pywakeword.studio.run import microphone_opener
from tools.studio.browser import Page, chromium, microphone_file, serving
from tools.studio.screenshots import GOLDEN

GOAL_MS = 1000 / 30
_FRAMES = 30

# Takes the place of the connection to the studio, whose microphone is on its own machine.
_BEGIN = """
  const {live, start} = await import('/js/live.js');
  window.WebSocket = class {
    static OPEN = 1;
    readyState = 1;
    handles = {};
    constructor() { window.fed = {socket: this, second: 0}; }
    addEventListener(kind, handle) { this.handles[kind] = handle; }
    send() {}
    close() {}
    say(message) { this.handles.message({data: JSON.stringify(message)}); }
  };
  document.getElementById('source').value = 'server';
  await start();
  const word = {key: 'k', word: 'computer', model: 'm', model_name: 'computer', threshold: .5,
    stride: 4};
  window.fed.socket.handles.open();
  window.fed.socket.say({type: 'started', words: [word], speech_delay: 5});
"""
_FEED = """
  const {live} = await import('/js/live.js');
  const {socket} = window.fed, audio = new Int16Array(640);
  const features = btoa('m'.repeat(4 * 64)), speech = btoa('ssss');
  for (let s = 0; s < 60; s++, window.fed.second++) {
    for (let i = 0; i < 25; i++) {
      for (let k = 0; k < 640; k++) audio[k] = 3000 * Math.sin((i * 640 + k) / 20);
      const end = live.track.end, events = window.fed.second % 10 || i ? [] : [{kind: 'detection',
        key: 'k', word: 'computer', score: .9, start: end - 9600, end, detected: end + 640,
        pre_roll: 8000}];
      socket.handles.message({data: audio.slice().buffer});
      socket.say({type: 'frames', n: 640, features, speech, scores: {k: [.9 * (i % 5) / 4]},
        events, level: -20, erle: null});
    }
  }
  return null;
"""
_COUNT = """
  const {live} = await import('/js/live.js');
  const frames = live.view.frames, began = performance.now();
  await new Promise((r) => setTimeout(r, args[0]));
  return [live.view.frames - frames, performance.now() - began];
"""
_DRAW = """
  const {live} = await import('/js/live.js');
  for (let i = 0; i < args[0]; i++) {
    live.view.edge = live.track.end - Math.round((args[0] - i) * 16000 / 30);
    live.view.draw();
    live.view.describe();
    live.view.canvas.getContext('2d').getImageData(0, 0, 1, 1); // ends what was begun
    await new Promise((r) => setTimeout(r));
  }
  return [live.track.bytes, document.getElementById('live-events').children.length];
"""


@dataclass
class Minute:
    """The page at one minute of the stream."""

    minute: int
    frame_ms: float
    heap_mb: float
    rings_mb: float
    nodes: int
    listeners: int
    rows: int


def simulate(page: Page, minutes: int, every: int = 10) -> list[Minute]:
    """Feed a stream of so many minutes, and measure the page every few."""
    browser = page.browser
    browser.execute_cdp_cmd("Performance.enable", {"timeDomain": "threadTicks"})
    _module(page, _BEGIN)
    found = []
    for minute in range(1, minutes + 1):
        _module(page, _FEED)
        before = _metrics(page)["TaskDuration"]
        rings, rows = _module(page, _DRAW, _FRAMES)
        frame_s = (_metrics(page)["TaskDuration"] - before) / _FRAMES
        if minute % every == 0:
            browser.execute_cdp_cmd("HeapProfiler.collectGarbage", {})
            metrics = _metrics(page)
            found.append(
                Minute(
                    minute=minute,
                    frame_ms=round(1000 * frame_s, 2),
                    heap_mb=round(metrics["JSHeapUsedSize"] / 1e6, 2),
                    rings_mb=round(rings / 1e6, 2),
                    nodes=int(metrics["Nodes"]),
                    listeners=int(metrics["JSEventListeners"]),
                    rows=rows,
                )
            )
    return found


def frames_per_second(page: Page, seconds: float = 10.0) -> float:
    """Listen, and return how often the view is drawn."""
    page.click("live-start")
    page.until_text("live-events", "detected")
    drawn, passed_ms = _module(page, _COUNT, 1000 * seconds)
    page.click("live-stop")
    return float(1000 * drawn / passed_ms)


def _module(page: Page, body: str, *arguments: Any) -> Any:
    found = page.module(body, *arguments)
    if isinstance(found, str):  # the text of an error
        raise RuntimeError(found)
    return found


def _metrics(page: Page) -> dict[str, float]:
    metrics = page.browser.execute_cdp_cmd("Performance.getMetrics", {})["metrics"]
    return {metric["name"]: metric["value"] for metric in metrics}


def main(argv: Sequence[str] | None = None) -> int:
    """Print a table; the exit status is 1 if a frame costs too much or memory grows."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--hours", type=float, default=2.0, help="of the stream (default: 2)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write the rows here")
    args = parser.parse_args(argv)
    with (
        tempfile.TemporaryDirectory() as folder,
        serving(lambda: _studio(Path(folder))) as server,
        chromium(_microphone(Path(folder))) as browser,
    ):
        rate = frames_per_second(Page(browser, server.address))
        browser.get("about:blank")
        rows = simulate(Page(browser, server.address), round(60 * args.hours))
    print(f"listening, in real time: {rate:.1f} frames per second\n")
    print("| minute | ms per frame | heap, MB | rings, MB | nodes | listeners | rows |")
    print("|---|---|---|---|---|---|---|")
    for row in rows:
        print("| " + " | ".join(str(value) for value in asdict(row).values()) + " |")
    if args.json:
        args.json.write_text(json.dumps([asdict(row) for row in rows], indent=1) + "\n", "utf-8")
    return 1 if faults(rows) else 0


def faults(rows: Sequence[Minute]) -> list[str]:
    """Return what grows or is too slow. The first five minutes fill the rings."""
    first, last = rows[0], rows[-1]
    found = [f"{row.frame_ms} ms per frame" for row in rows if row.frame_ms > GOAL_MS]
    if last.rings_mb != first.rings_mb:
        found.append("the rings grow")
    if last.heap_mb > first.heap_mb + 1:
        found.append(f"the heap grows from {first.heap_mb} to {last.heap_mb} MB")
    for name in ("nodes", "listeners", "rows"):
        if getattr(last, name) > 1.1 * max(getattr(row, name) for row in rows[1:3]):
            found.append(f"{name} grow")
    return found


def _microphone(folder: Path) -> Path:
    sound = np.concatenate(list(FileSource(GOLDEN / "computer.wav")))
    return microphone_file(folder / "sound.wav", sound)


def _studio(folder: Path) -> Studio:
    return Studio(Catalogue(["computer"], {}), folder / "studio", microphone_opener(None, None))
