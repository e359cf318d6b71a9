"""A listener takes the whole test in a real browser, with the keyboard alone.

Needs chromium and chromium-driver, and the extra `browser`; not part of tools/run_tests.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from helpers.listening_study import SECONDS, served, write_study
from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import WebDriverWait

_PATIENCE_S = 60
INTERACTIVE = {"button", "slider", "checkbox", "textbox"}


@pytest.fixture(scope="module")
def browser() -> Iterator[webdriver.Chrome]:
    chromium, driver = shutil.which("chromium"), shutil.which("chromedriver")
    assert chromium, "chromium is not installed: apt install chromium"
    assert driver, "chromedriver is not installed: apt install chromium-driver"
    options = webdriver.ChromeOptions()
    options.binary_location = chromium
    for flag in ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    with webdriver.Chrome(options, webdriver.ChromeService(driver)) as chrome:
        yield chrome


class Listener:
    """What a person with a keyboard and a screen reader can do and perceive."""

    def __init__(self, browser: webdriver.Chrome) -> None:
        self.browser = browser

    def press(self, *keys: str) -> None:
        webdriver.ActionChains(self.browser).send_keys(*keys).perform()

    def focused(self) -> dict[str, Any]:
        return self.browser.execute_script(
            "const e = document.activeElement;"
            "return {id: e.id, tag: e.tagName, text: e.textContent.trim()};"
        )

    def tab_to(self, text: str) -> None:
        for _ in range(40):
            if self.focused()["text"] == text:
                return
            self.press(Keys.TAB)
        raise AssertionError(f"{text!r} cannot be reached with Tab")

    def text(self, id_: str) -> str:
        return self.browser.find_element(By.ID, id_).text

    def wait_for(self, id_: str, text: str) -> None:
        WebDriverWait(self.browser, _PATIENCE_S, poll_frequency=0.1).until(
            lambda _: text in self.text(id_), f"{text!r} in #{id_}"
        )

    def barriers(self) -> list[str]:
        """Return what axe-core finds wrong on the page as it is now."""
        self.browser.execute_script(files("axe_core_python").joinpath("axe.min.js").read_text())
        found = self.browser.execute_async_script("axe.run().then(arguments[0]);")
        assert len(found["passes"]) > 20, "the rules have run"
        return [f"{rule['id']}: {rule['nodes'][0]['html']}" for rule in found["violations"]]

    def controls(self) -> list[tuple[str, str, str]]:
        """Return role, name and spoken value of each control, as the browser tells them."""
        nodes = self.browser.execute_cdp_cmd("Accessibility.getFullAXTree", {})["nodes"]
        wanted = INTERACTIVE | {"group", "status", "alert"}
        return [
            (
                node["role"]["value"],
                node.get("name", {}).get("value", ""),
                next(
                    (
                        p["value"].get("value", "")
                        for p in node.get("properties", [])
                        if p["name"] == "valuetext"
                    ),
                    str(node.get("value", {}).get("value", "")),
                ),
            )
            for node in nodes
            if not node.get("ignored") and node["role"]["value"] in wanted
        ]


def test_whole_study_by_keyboard(browser: webdriver.Chrome, tmp_path: Path) -> None:
    answers = tmp_path / "answers.jsonl"
    with served(write_study(tmp_path), answers) as address:
        listener = Listener(browser)
        browser.get(address)
        listener.press(Keys.TAB)
        assert listener.focused()["id"] == "listener"
        assert ("textbox", "Your code (from whoever invited you)", "") in listener.controls()
        assert listener.barriers() == []
        listener.press("p01", Keys.ENTER)
        listener.wait_for("heading", "Trial 1 of 3")
        assert listener.focused()["id"] == "heading", "a new trial is announced by its heading"
        assert "practice" in listener.text("training")

        # What can be perceived: every control has a name, no name tells a condition.
        controls = listener.controls()
        nameless = [role for role, name, _ in controls if role in INTERACTIVE and not name]
        assert nameless == []
        assert listener.barriers() == []
        assert {name for role, name, _ in controls if role == "slider"} == {
            f"Rating of {letter}" for letter in "ABCDE"
        }
        page = browser.page_source
        assert not any(word in page for word in ("syntactic", "flat", "anchor35", "hidden ref"))

        # Saving too early says what is missing and goes there.
        listener.tab_to("Save and go on")
        listener.press(Keys.ENTER)
        assert "A, B, C, D, E" in listener.text("problem")
        assert listener.focused()["text"] == "Play A"

        # A version is rated only while it is the one played last.
        assert not browser.find_element(By.ID, "rating-A").is_enabled()
        listener.press(Keys.ENTER)
        assert browser.find_element(By.ID, "rating-A").is_enabled()
        listener.wait_for("status", "Version A")
        listener.press("2")
        assert listener.focused()["id"] == "rating-B"
        assert not browser.find_element(By.ID, "rating-A").is_enabled()
        listener.press(Keys.ARROW_RIGHT)
        assert ("slider", "Rating of B", "51, Fair") in listener.controls()

        # Sound comes, and goes on from the same place in another version.
        listener.press("r")
        listener.wait_for("status", "Reference")
        state = "return [playing.name, audio.state, playing.offset, playing.startedAt, elapsed()];"
        WebDriverWait(browser, _PATIENCE_S, poll_frequency=0.1).until(
            lambda b: b.execute_script(state)[4] > 0.05, "the sound moves on"
        )
        name, running, offset, started_at, _ = browser.execute_script(state)
        assert (name, running) == ("reference", "running")
        listener.press("1")
        name, _, new_offset, new_start, _ = browser.execute_script(state)
        assert name == "A"
        expected = (offset + new_start - started_at) % SECONDS
        assert new_offset == pytest.approx(expected, abs=0.02)
        listener.press("s")
        assert browser.execute_script("return playing;") is None

        for trial in range(3):
            listener.wait_for("heading", f"Trial {trial + 1} of 3")
            for number, key in enumerate("12345"):
                listener.press(key, Keys.HOME, *[Keys.ARROW_RIGHT] * (number + 1))
            if trial == 1:  # closed, and opened again: goes on where it was, to be rated again
                browser.get(address)
                listener.tab_to("Go on where I was")
                listener.press(Keys.ENTER)
                listener.wait_for("heading", "Trial 2 of 3")
                for number, key in enumerate("12345"):
                    listener.press(key, Keys.HOME, *[Keys.ARROW_RIGHT] * (number + 1))
            listener.tab_to("Save and go on")
            listener.press(Keys.ENTER)
        listener.wait_for("end", "Thank you")
        errors = [entry for entry in browser.get_log("browser") if entry["level"] == "SEVERE"]
        assert errors == []

    begun, *answered = [json.loads(line) for line in answers.read_text().splitlines()]
    assert begun["listener"] == "p01"
    assert [answer["training"] for answer in answered] == [True, False, False]
    for (item, order), answer in zip(begun["trials"], answered):
        assert answer["item"] == item
        assert answer["ratings"] == {name: i + 1 for i, name in enumerate(order)}
        assert all(count >= 1 for count in answer["plays"].values())
