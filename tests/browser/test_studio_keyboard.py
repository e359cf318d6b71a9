"""The studio by keyboard alone: takes of a word, a real training of seconds, the new model.

Needs chromium and chromium-driver, and the extras `browser` and `train`.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from helpers.sounds import COMPUTER, RATE, floor, spoken
from helpers.studio_client import make_studio
from helpers.tiny_training import tiny_training
from selenium import webdriver
from selenium.webdriver.common.keys import Keys

from tools.studio.browser import Page, chromium, microphone_file, serving

WORD = spoken("computer")[max(0, COMPUTER[0] - RATE // 10) : COMPUTER[1] + RATE // 10]
MOST_TAKES = 15  # that are tried: the file is played over and over, and some cut the word
MOST_TABS = 80


class Keyboard:
    """Types into whatever has the focus; there is no mouse."""

    def __init__(self, page: Page) -> None:
        self._page = page

    def press(self, *keys: str) -> None:
        webdriver.ActionChains(self._page.browser).send_keys(*keys).perform()

    def go_to(self, selector: str) -> None:
        """Press Tab until that element has the focus."""
        for _ in range(MOST_TABS):
            if self._page.run("return document.activeElement.matches(arguments[0]);", selector):
                return
            self.press(Keys.TAB)
        raise AssertionError(f"{selector} cannot be reached")

    def use(self, selector: str) -> None:
        """Go to a button or link that is enabled, and press Enter."""
        self._page.until(
            "return document.querySelector(arguments[0])?.disabled !== true;", selector
        )
        self.go_to(selector)
        self.press(Keys.ENTER)


@pytest.fixture
def page(tmp_path: Path) -> Iterator[Page]:
    def make() -> Any:
        return make_studio(tmp_path / "s", ["computer"], make_command=tiny_training)

    sound = np.concatenate([floor(1.2), WORD, floor(1.2)])
    microphone = microphone_file(tmp_path / "sound.wav", sound)
    with serving(make) as server, chromium(microphone) as browser:
        yield Page(browser, server.address)


def n_takes(page: Page) -> int:
    return int(page.run("return document.querySelectorAll('#takes li').length;"))


def record_until(page: Page, keyboard: Keyboard, wanted: int) -> None:
    """Press R until so many takes are kept."""
    for _ in range(MOST_TAKES):
        if n_takes(page) >= wanted:
            return
        page.run("document.getElementById('take-result').textContent = '';")
        keyboard.press("r")
        page.until(
            "return /Good|Kept|Not kept/.test(arguments[0].textContent);".replace(
                "arguments[0]", "document.getElementById('take-result')"
            )
        )
        page.until("return document.activeElement.id === 'record';")
    raise AssertionError(page.text("take-result"))


def test_takes_training_and_the_new_model_by_keyboard(page: Page) -> None:
    keyboard = Keyboard(page)
    keyboard.use('nav a[href="#train"]')
    page.until("return document.activeElement.id === 'train-heading';")
    keyboard.go_to("#train-word")
    keyboard.press("computer", Keys.TAB)
    assert "“computer”" in page.until_text("prompt", "Take 1.")
    record_until(page, keyboard, 3)
    keyboard.press("d")  # drops the last
    page.until("return document.querySelectorAll('#takes li').length === 2;")
    record_until(page, keyboard, 3)
    keyboard.use("#takes button")  # plays it

    keyboard.use("#training-start")
    page.until_text("training-status", "Training computer")
    page.until_text("log", "your takes: 3 to train on")
    keyboard.use("#training-cancel")
    page.until_text("training-status", "Cancelled.")
    page.until_text("training-start", "Go on training")
    keyboard.use("#training-start")
    page.until_text("training-status", "computer is trained.", patience_s=900)
    assert page.run("return document.getElementById('progress').value;") == 100
    assert "false accepts per hour" in page.text("log")

    keyboard.use("#training-try")
    page.until_text("status", "Listening for computer", patience_s=60)
    trained = page.module("return (await (await fetch('/api/training?after=0')).json()).model;")
    shown = page.until(
        "return import('/js/live.js').then(({live}) => {"
        "  const rings = [...live.track.scores.values()];"
        "  if (live.track.end < 8 * 16000 || rings.length < 2) return null;"
        "  return live.track.words.map((word, i) => [word.word, word.model,"
        "    Math.max(...rings[i].data)]);"
        "});"
    )
    assert {word for word, _, _ in shown} == {"computer"}
    highest = {model: score for _, model, score in shown}
    assert highest.pop(trained) > 0
    assert len(highest) >= 1  # the old one beside it
    assert max(highest.values()) > 0.5
    assert page.errors() == []
