"""Take the screenshots of docs/use/studio.md in headless Chromium.

    python -m tools.studio screenshots --out docs/use

The fake microphone plays the golden file of a word. Needs chromium and chromium-driver, and
the extras `browser` and `studio`.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from pywakeword.audio import FileSource
from pywakeword.studio.app import Studio
from pywakeword.studio.catalogue import Catalogue
from pywakeword.studio.run import microphone_opener
from tools.studio.browser import Page, chromium, microphone_file, serving

GOLDEN = Path(__file__).parents[2] / "tests" / "golden"
WORD = "computer"
_WIDTH, _HEIGHT = 1100, 1000


def main(argv: Sequence[str] | None = None) -> int:
    """Write one PNG per section."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--out", type=Path, required=True, metavar="DIR")
    args = parser.parse_args(argv)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        recording = folder / f"{WORD}.wav"
        sound = np.concatenate(list(FileSource(GOLDEN / f"{WORD}.wav")))
        microphone_file(recording, sound)
        server = stack.enter_context(serving(lambda: _studio(folder)))
        browser = stack.enter_context(chromium(recording))
        browser.set_window_size(_WIDTH, _HEIGHT)
        page = Page(browser, server.address)
        for name, prepare in _SECTIONS.items():
            page.section(name)
            prepare(page, recording)
            path = args.out / f"studio-{name}.png"
            browser.save_screenshot(str(path))
            print(path)
    return 0


def _studio(folder: Path) -> Studio:
    return Studio(Catalogue([WORD], {}), folder / "studio", microphone_opener(None, None))


def _live(page: Page, _: Path) -> None:
    page.click("live-start")
    page.until_text("live-events", "detected")
    time.sleep(3)  # until the word has moved to the middle


def _files(page: Page, recording: Path) -> None:
    page.browser.find_element(By.ID, "choose-files").send_keys(str(recording))
    page.until_text("recordings", "1 detections")
    page.run("document.querySelector('#recordings button').click()")
    page.until_text("file-events", "detected")
    page.click("why")
    page.until_text("why-answer", "highest score")
    time.sleep(1)
    page.run("document.getElementById('recording-name').scrollIntoView()")
    time.sleep(1)


def _threshold(page: Page, _: Path) -> None:
    page.browser.find_element(By.ID, "slider").send_keys(Keys.ARROW_LEFT)
    time.sleep(1)


_SECTIONS: dict[str, Callable[[Page, Path], Any]] = {
    "live": _live,
    "files": _files,
    "threshold": _threshold,
}
