"""A studio on a port of its own, and Chromium with a fake microphone that plays a file."""

from __future__ import annotations

import contextlib
import shutil
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import uvicorn
from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import WebDriverWait

from pywakeword.studio.app import Studio
from pywakeword.studio.run import make_server
from pywakeword.studio.stream.sound import wav_bytes

PATIENCE_S = 120


class Server:
    """A studio that can be stopped and started again on the same port."""

    def __init__(self, make: Callable[[], Studio], **options: Any) -> None:
        self._make = make
        self._options = {"host": "127.0.0.1", "token": None, **options}
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.address = f"http://127.0.0.1:{self.port}/"
        self._server: uvicorn.Server | None = None

    def start(self) -> None:
        """Start a new studio."""
        self.studio = self._make()
        self._server = make_server(self.studio, port=self.port, **self._options)
        self._thread = threading.Thread(target=self._server.run)
        self._thread.start()
        deadline = time.monotonic() + PATIENCE_S
        while not self._server.started:
            assert time.monotonic() < deadline
            time.sleep(0.02)

    def stop(self) -> None:
        """End it."""
        if self._server is not None:
            self._server.should_exit = True
            self._thread.join(PATIENCE_S)
            self._server = None


@contextlib.contextmanager
def serving(make: Callable[[], Studio]) -> Iterator[Server]:
    """Run a studio."""
    server = Server(make)
    server.start()
    try:
        yield server
    finally:
        server.stop()


def microphone_file(path: Path, pcm: np.ndarray) -> Path:
    """Write what the fake microphone plays, over and over."""
    path.write_bytes(wav_bytes(pcm))
    return path


@contextlib.contextmanager
def chromium(
    microphone: Path | None = None,
    *flags: str,
    asks: bool = False,
    downloads: Path | None = None,
) -> Iterator[webdriver.Chrome]:
    """Start Chromium. Without a file it has no microphone; `asks` leaves permission to the test."""
    program, driver = shutil.which("chromium"), shutil.which("chromedriver")
    assert program, "chromium is not installed: apt install chromium"
    assert driver, "chromedriver is not installed: apt install chromium-driver"
    options = webdriver.ChromeOptions()
    options.binary_location = program
    for flag in ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu"):
        options.add_argument(flag)
    options.add_argument("--autoplay-policy=no-user-gesture-required")
    if microphone is not None:
        options.add_argument("--use-fake-device-for-media-stream")
        options.add_argument(f"--use-file-for-fake-audio-capture={microphone}")
    if not asks:
        options.add_argument("--use-fake-ui-for-media-stream")
    for flag in flags:
        options.add_argument(flag)
    if downloads is not None:
        options.add_experimental_option("prefs", {"download.default_directory": str(downloads)})
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    with webdriver.Chrome(options, webdriver.ChromeService(driver)) as chrome:
        chrome.set_script_timeout(PATIENCE_S)
        chrome.set_window_size(1200, 1400)
        yield chrome


class Page:
    """The studio's page in a browser."""

    def __init__(self, browser: webdriver.Chrome, address: str) -> None:
        self.browser = browser
        browser.get(address)
        self.until("return document.body.dataset.ready === 'yes';")

    def run(self, script: str, *arguments: Any) -> Any:
        """Run a script, and wait for the promise that it returns."""
        return self.browser.execute_script(script, *arguments)

    def module(self, body: str, *arguments: Any) -> Any:
        """Run the body of an async function that may import the page's modules."""
        return self.browser.execute_async_script(
            "const done = arguments[arguments.length - 1], args = [...arguments];"
            f"(async () => {{ {body} }})().then(done, (e) => done(`failed: ${{e.stack}}`));",
            *arguments,
        )

    def until(self, script: str, *arguments: Any, patience_s: float = PATIENCE_S) -> Any:
        """Run a script until its result is true, and return that."""
        return WebDriverWait(self.browser, patience_s, poll_frequency=0.1).until(
            lambda _: self.run(script, *arguments), f"{script}; status: {self.text('status')!r}"
        )

    def until_text(self, id_: str, text: str, **options: float) -> str:
        """Wait for a text in an element, and return the whole text."""
        return self.until(
            "const t = document.getElementById(arguments[0]).textContent;"
            "return t.includes(arguments[1]) && t;",
            id_,
            text,
            **options,
        )

    def text(self, id_: str) -> str:
        """Return the text of an element; hidden text too."""
        found = self.browser.find_elements(By.ID, id_)
        return found[0].get_property("textContent") if found else ""

    def click(self, id_: str) -> None:
        """Click an element as soon as it is enabled."""
        self.until("return !document.getElementById(arguments[0]).disabled;", id_)
        self.browser.find_element(By.ID, id_).click()

    def section(self, name: str) -> None:
        """Go to a section."""
        self.browser.find_element(By.CSS_SELECTOR, f'nav a[href="#{name}"]').click()
        self.until("return !document.getElementById(arguments[0]).hidden;", name)

    def errors(self) -> list[str]:
        """Return the errors on the console since the last call."""
        return [e["message"] for e in self.browser.get_log("browser") if e["level"] == "SEVERE"]
