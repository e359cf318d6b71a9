"""The studio in a real browser, whose microphone plays a file.

Needs chromium and chromium-driver, and the extra `browser`; not part of tools/run_tests.
"""

from __future__ import annotations

import json
import re
import time
import wave
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from helpers.sounds import COMPUTER, RATE, floor, spoken
from helpers.studio_client import fake_training, make_studio
from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from pywakeword import WakeWord
from pywakeword.models.bundled import bundled_dir
from pywakeword.studio.stream.sound import wav_bytes
from tools.studio.browser import Page, Server, chromium, microphone_file, serving
from tools.studio.hours import faults, simulate

LEAD_S = 2.0
SOUND = np.concatenate([floor(LEAD_S), spoken("computer")[: round(2.2 * RATE)], floor(1)])
MODEL = bundled_dir() / "computer-small.tflite"
SECTIONS = ("live", "files", "threshold", "train", "kept")


@pytest.fixture(scope="module")
def microphone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return microphone_file(tmp_path_factory.mktemp("microphone") / "sound.wav", SOUND)


@pytest.fixture(scope="module")
def browser(microphone: Path) -> Iterator[webdriver.Chrome]:
    with chromium(microphone) as found:
        yield found


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    def make() -> Any:
        return make_studio(tmp_path / "s", ["computer"], make_command=fake_training(MODEL, 3))

    with serving(make) as found:
        yield found


@pytest.fixture
def page(browser: webdriver.Chrome, server: Server) -> Iterator[Page]:
    browser.get("about:blank")
    found = Page(browser, server.address)
    yield found
    browser.get("about:blank")  # leaves the stream


def barriers(page: Page) -> list[str]:
    """Return what axe-core finds wrong on the page as it is now, by the rules of WCAG 2.2 AA."""
    page.run(files("axe_core_python").joinpath("axe.min.js").read_text())
    tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
    found = page.browser.execute_async_script(
        "axe.run({runOnly: arguments[0]}).then(arguments[1]);", tags
    )
    assert len(found["passes"]) > 15, "the rules have run"
    return [f"{rule['id']}: {rule['nodes'][0]['html']}" for rule in found["violations"]]


def listen(page: Page) -> None:
    page.click("live-start")
    page.until_text("status", "Listening for")


def live(page: Page, condition: str, *arguments: Any) -> Any:
    """Wait for what an expression of `live` and `words`, the detections, says."""
    return page.until(
        "return import('/js/live.js').then(({live}) => {"
        "  const words = live.track.events.filter((e) => e.kind === 'detection');"
        f"  return {condition};"
        "});",
        *arguments,
    )


def detections(page: Page, least: int = 1) -> list[dict[str, Any]]:
    return live(page, f"words.length >= {least} && words")


def upload(page: Page, path: Path, name: str = "choose-files") -> None:
    page.browser.find_element(By.ID, name).send_keys(str(path))


def test_a_word_appears_where_it_is(page: Page) -> None:
    listen(page)
    # The file is played over and over: two words are one file apart, wherever it began. On a
    # machine that is too busy the browser loses audio: then the next two are.
    first = live(
        page,
        "words.find((e, i) => words[i + 1]"
        f" && Math.abs(words[i + 1].start - e.start - {len(SOUND)}) < {0.06 * RATE})",
    )
    assert first["pre_roll"] == 8000
    assert 0.4 * RATE < first["end"] - first["start"] < 0.9 * RATE
    # What was played there is the word: the page has the samples that were recognised.
    samples = page.module(
        "const {live} = await import('/js/live.js');"
        "return Array.from(live.track.samples(args[0], args[1]));",
        first["start"] - 8000,
        first["detected"],
    )
    (again,) = WakeWord("computer").process(np.r_[np.array(samples), floor(1)].astype(np.int16))
    assert abs(again.start_sample - 8000) < 0.05 * RATE
    assert "computer detected" in page.until_text("live-events", "computer detected")
    # Paused, the view stays; the rest goes on.
    page.run("[...document.querySelectorAll('#live-view button')][0].click()")
    edge, end = page.module(
        "const {live} = await import('/js/live.js');"
        "await new Promise((r) => setTimeout(r, 600));"
        "const old = [live.view.edge, live.track.end];"
        "await new Promise((r) => setTimeout(r, 1500));"
        "return [live.view.edge - old[0], live.track.end - old[1]];"
    )
    assert edge == 0
    assert end > 0
    page.click("live-stop")
    page.until_text("status", "Stopped")
    assert page.errors() == []


def test_the_resampler_keeps_speech_and_removes_what_aliases(page: Page) -> None:
    """A tone of 1 kHz passes within 0.1 dB; one of 9 kHz, which would alias, is 50 dB down."""
    gains = page.module(
        "const {Resampler} = await import('/js/resampler.js');"
        "const gain = (rate, hertz) => {"
        "  const r = new Resampler(rate); let out = [];"
        "  for (let b = 0; b < rate; b += 128) out.push(...r.process(Float32Array.from("
        "    {length: 128}, (_, i) => 0.5 * Math.sin(2 * Math.PI * hertz * (b + i) / rate))));"
        "  out = out.slice(1000, 15000);"
        "  return [Math.sqrt(out.reduce((s, v) => s + v * v, 0) / out.length)"
        "    / (32768 * 0.5 / Math.SQRT2), out.length];};"
        "return [48000, 44100, 16000].map((rate) => [1000, 5000, 9000, 12000].map("
        "  (hertz) => hertz < rate / 2 ? gain(rate, hertz) : null));"
    )
    for rate, (low, middle, *aliased) in zip((48000, 44100, 16000), gains):
        assert 20 * np.log10(low[0]) == pytest.approx(0, abs=0.1), rate
        assert 20 * np.log10(middle[0]) == pytest.approx(0, abs=0.5), rate
        assert low[1] == 14000
        for found in aliased:
            assert found is None or 20 * np.log10(found[0] + 1e-9) < -50, rate


def test_hours_of_stream_keep_memory_flat(page: Page) -> None:
    """Two simulated hours: the rings do not grow, and neither does the heap."""
    found = page.module(
        "const {live} = await import('/js/live.js');"
        "const word = {key: 'k', word: 'w', model: 'm', model_name: 'w', threshold: .5, stride: 4};"
        "live.track.begin({words: [word], speech_delay: 0});"
        "const features = new Uint8Array(64 * 100), speech = new Uint8Array(100);"
        "const audio = new Int16Array(16000), sizes = [];"
        "for (let s = 0; s < 7200; s++) {"
        "  live.track.addAudio(audio);"
        "  live.track.add({features, speech, scores: {k: new Array(25).fill(.1)},"
        "    events: [{kind: 'detection', key: 'k', word: 'w', start: s, end: s, detected: s}]});"
        "  if (s % 600 === 599) {"
        "    live.view.draw();"
        "    await new Promise((r) => setTimeout(r));"
        "    sizes.push([live.track.bytes, live.track.events.length,"
        "                performance.memory.usedJSHeapSize]);"
        "  }"
        "}"
        "return [sizes, live.track.end / 16000, live.track.first / 16000];"
    )
    sizes, end, first = found
    assert (end, first) == (7200, 7200 - 300)
    assert len({size[0] for size in sizes}) == 1
    assert sizes[-1][0] < 16 << 20
    assert {size[1] for size in sizes[1:]} == {500}
    assert sizes[-1][2] - sizes[2][2] < 20 << 20, sizes


def test_half_an_hour_of_messages_costs_no_more(page: Page) -> None:
    """The whole way of a message, from the connection to the rows of the table."""
    rows = simulate(page, 30)
    assert faults(rows) == []
    assert rows[-1].rows == 100


def test_it_is_drawn_often_enough(page: Page) -> None:
    """A frame of a moving view costs less CPU time of the page than a thirtieth of a second."""
    listen(page)
    detections(page)
    page.click("live-stop")
    page.browser.execute_cdp_cmd("Performance.enable", {"timeDomain": "threadTicks"})

    def task_s() -> float:
        metrics = page.browser.execute_cdp_cmd("Performance.getMetrics", {})["metrics"]
        return float(next(m["value"] for m in metrics if m["name"] == "TaskDuration"))

    before = task_s()
    page.module(
        "const {live} = await import('/js/live.js');"
        "for (let i = 0; i < 60; i++) {"
        "  live.view.draw();"
        "  live.view.canvas.getContext('2d').getImageData(0, 0, 1, 1);"  # ends what was begun
        "  await new Promise((r) => setTimeout(r));"
        "}"
    )
    page_s = (task_s() - before) / 60
    assert 0.0001 < page_s < 1 / 30


def test_a_dropped_file_and_why(page: Page, tmp_path: Path) -> None:
    page.section("files")
    name = tmp_path / "speech.wav"
    name.write_bytes(wav_bytes(spoken("computer")))
    upload(page, name)
    page.until_text("recordings", "speech.wav: 1 detections in 0:04.83")
    page.run("document.querySelector('#recordings button').click()")
    page.until_text("file-events", "computer detected")
    row = page.until_text("file-events", "computer detected")
    (word,) = WakeWord("computer").process(spoken("computer"))
    assert f"0:{word.detected_sample / RATE:05.2f}computer detected" in row
    page.click("why")
    page.until_text("why-answer", "It did fire in this part.")
    # The part that is shown can be played.
    page.run("[...document.querySelectorAll('#file-view button')].at(-4).click()")
    # And kept: the file that comes down has the word in it.
    kept = tmp_path / "kept"
    page.browser.execute_cdp_cmd(
        "Browser.setDownloadBehavior", {"behavior": "allow", "downloadPath": str(kept)}
    )
    page.run(
        "[...document.querySelectorAll('#file-view button')]"
        ".find((b) => b.textContent === 'Download the part').click()"
    )
    for _ in range(100):
        if list(kept.glob("*.wav")):
            break
        time.sleep(0.1)
    (clip,) = kept.glob("*.wav")
    with wave.open(str(clip)) as file:
        assert file.getparams()[:3] == (1, 2, RATE)
        samples = np.frombuffer(file.readframes(file.getnframes()), np.int16)
    assert len(WakeWord("computer").process(samples)) == 1
    assert page.errors() == []


def test_a_real_drop_and_a_folder(page: Page, tmp_path: Path) -> None:
    page.section("files")
    page.module(
        "const bytes = Uint8Array.from(args[0]); const transfer = new DataTransfer();"
        "transfer.items.add(new File([bytes], 'dropped.wav'));"
        "document.getElementById('drop').dispatchEvent("
        "  new DragEvent('drop', {dataTransfer: transfer, cancelable: true}));",
        list(wav_bytes(spoken("computer")[: 2 * RATE])),
    )
    page.until_text("recordings", "dropped.wav: 1 detections")
    folder = tmp_path / "takes" / "below"
    folder.mkdir(parents=True)
    for i in range(2):
        (folder / f"take{i}.wav").write_bytes(wav_bytes(spoken("computer")[: 2 * RATE]))
    upload(page, tmp_path / "takes", "choose-folder")
    for i in range(2):
        page.until_text("recordings", f"take{i}.wav: 1 detections")


def test_a_file_that_is_no_audio(page: Page, tmp_path: Path) -> None:
    page.section("files")
    letter = tmp_path / "letter.wav"
    letter.write_text("dear reader")
    upload(page, letter)
    assert "letter.wav: not readable audio" in page.until_text("recordings", "not readable audio")


def test_a_full_disk(page: Page, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page.section("files")
    real = Path.open

    def full(self: Path, mode: str = "r", *args: Any, **options: Any) -> Any:
        to = Path("/dev/full") if self.suffix == ".upload" and "w" in mode else self
        return real(to, mode, *args, **options)

    monkeypatch.setattr(Path, "open", full)
    name = tmp_path / "a.wav"
    with real(name, "wb") as file:
        file.write(wav_bytes(spoken("computer")))
    upload(page, name)
    page.until_text("problem", "a.wav: the disk is full")


def test_two_hours(page: Page, tmp_path: Path) -> None:
    """A word in the last minute of two hours is found, shown, and its audio is there."""
    page.section("files")
    name = tmp_path / "long.wav"
    minute = floor(60)
    end = np.concatenate([floor(50), spoken("computer")])
    name.write_bytes(wav_bytes(np.concatenate([*[minute] * 119, end])))
    upload(page, name)
    page.until_text("recordings", "long.wav: 1 detections in 1:59:54.83", patience_s=600)
    page.run("document.querySelector('#recordings button').click()")
    page.until_text("file-events", "1:59:5")
    page.run(
        "[...document.querySelectorAll('#file-events tr')].find((row) =>"
        " row.textContent.includes('detected')).querySelector('button').click()"
    )
    # What is drawn around the word has its scores and its audio.
    highest, loudest = page.until(
        "return import('/js/files.js').then(({shown}) => {"
        "  const {track} = shown, [ring] = track.scores.values();"
        "  if (track.end < arguments[0] + 8000) return null;"
        "  const samples = track.samples(arguments[0], arguments[0] + 8000);"
        "  return [Math.max(...ring.data), Math.max(...samples)];"
        "});",
        (119 * 60 + 50) * RATE + COMPUTER[0],
    )
    assert highest > 0.95
    assert loudest > 1000
    assert page.text("problem") == ""


def test_the_slider_and_use_this(page: Page, tmp_path: Path) -> None:
    page.section("threshold")
    slider = page.browser.find_element(By.ID, "slider")
    before = page.text("chosen")
    slider.send_keys(Keys.HOME)
    loosest = slider.get_attribute("aria-valuetext")
    slider.send_keys(*[Keys.ARROW_RIGHT] * 8)
    chosen = page.text("chosen")
    assert chosen != before
    assert slider.get_attribute("aria-valuetext") != loosest
    assert page.text("card-rate").count("95 %") == 1
    card = json.loads((bundled_dir() / "computer.json").read_text("utf-8"))
    rows = page.browser.find_elements(By.CSS_SELECTOR, "#conditions tr")
    assert len(rows) == len(card["figures"]["misses_by_condition"]) > 0
    page.click("use")
    page.until_text("used", "wakeword.json")
    found = re.search(r"Threshold ([\d.]+):", chosen)
    assert found is not None
    threshold = float(found[1])
    path = tmp_path / "s" / "wakeword.json"
    assert WakeWord.from_config(path).thresholds == {"computer": threshold}


def test_the_slider_changes_the_live_stream_and_counting_counts(page: Page) -> None:
    listen(page)
    page.section("threshold")
    page.browser.find_element(By.ID, "slider").send_keys(Keys.END)
    live(page, "live.track.words[0].threshold > 0.98")
    page.browser.find_element(By.ID, "slider").send_keys(Keys.HOME)
    page.click("count")
    page.until(
        "return /\\b[1-9]\\d* in 0\\.\\d+ h/.test("
        "document.getElementById('here-rate').textContent);"
    )
    assert "95 %" in page.text("here-rate")


def test_what_the_recorder_refuses(server: Server, tmp_path: Path) -> None:
    silence = microphone_file(tmp_path / "silence.wav", np.zeros(4 * RATE, np.int16))
    with chromium(silence) as browser:
        page = Page(browser, server.address)
        page.section("train")
        browser.find_element(By.ID, "record").click()
        page.until_text("problem", "Type the word first.")
        browser.find_element(By.ID, "train-word").send_keys("computer")
        browser.find_element(By.ID, "record").click()
        assert page.until_text("take-result", "Not kept: there is no sound")
        assert browser.find_elements(By.CSS_SELECTOR, "#takes li") == []


def test_keeping(page: Page) -> None:
    listen(page)
    detections(page)
    page.click("false-alarm")
    page.until_text("problem", "Keeping is off")
    page.section("kept")
    page.browser.find_element(By.ID, "keep").click()
    page.section("live")
    page.click("false-alarm")
    page.until_text("kept-note", "Kept.")
    page.section("kept")
    page.until_text("clips", "False alarm of computer")
    page.run("[...document.querySelectorAll('#clips button')].at(-1).click()")
    page.until("return document.querySelectorAll('#clips li').length === 0;")


def test_it_connects_again_after_a_restart(page: Page, server: Server) -> None:
    listen(page)
    detections(page)
    server.stop()
    page.until_text("status", "connection was lost")
    server.start()
    page.until_text("status", "Connected again. Listening for computer")
    detections(page)
    assert page.text("problem") == ""


def test_permission_refused(server: Server, microphone: Path) -> None:
    with chromium(microphone, "--deny-permission-prompts", asks=True) as browser:
        page = Page(browser, server.address)
        page.click("live-start")
        page.until_text("problem", "was not allowed to use the microphone")
        assert browser.find_element(By.ID, "live-start").is_enabled()


def test_no_microphone(server: Server) -> None:
    with chromium(None) as browser:
        page = Page(browser, server.address)
        page.click("live-start")
        page.until_text("problem", "has no microphone")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_barriers(page: Page, scheme: str, tmp_path: Path) -> None:
    features = [{"name": "prefers-color-scheme", "value": scheme}]
    page.browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})
    name = tmp_path / "speech.wav"
    name.write_bytes(wav_bytes(spoken("computer")))
    listen(page)
    detections(page)
    for section in SECTIONS:
        page.section(section)
        if section == "files":
            upload(page, name)
            page.until_text("recordings", "1 detections")
            page.run("document.querySelector('#recordings button').click()")
            page.until_text("file-events", "computer detected")
        time.sleep(0.3)
        assert barriers(page) == [], section
    page.browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})


def test_phone_width_and_less_motion(page: Page) -> None:
    page.browser.execute_cdp_cmd(
        "Emulation.setEmulatedMedia",
        {"features": [{"name": "prefers-reduced-motion", "value": "reduce"}]},
    )
    page.browser.execute_cdp_cmd(
        "Emulation.setDeviceMetricsOverride",
        {"width": 320, "height": 640, "deviceScaleFactor": 2, "mobile": True},
    )
    try:
        listen(page)
        for section in SECTIONS:
            page.section(section)
            wide = page.run("return document.documentElement.scrollWidth;")
            assert wide <= 320, section
            assert barriers(page) == [], section
        page.section("live")
        frames = page.module(
            "const {live} = await import('/js/live.js'); const n = live.view.frames;"
            "await new Promise((r) => setTimeout(r, 3000)); return live.view.frames - n;"
        )
        assert frames <= 8, "a view that moves by itself moves twice per second"
    finally:
        page.browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
        page.browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})


def test_sections_and_focus_by_keyboard(page: Page) -> None:
    webdriver.ActionChains(page.browser).send_keys(Keys.TAB).perform()
    assert page.run("return document.activeElement.className;") == "skip"
    for section in SECTIONS[1:]:
        link = page.browser.find_element(By.CSS_SELECTOR, f'nav a[href="#{section}"]')
        link.send_keys(Keys.ENTER)
        page.until("return document.activeElement.id === arguments[0];", f"{section}-heading")
    assert json.loads(page.run("return JSON.stringify(document.title);")).startswith("Kept clips")
