"""The bank of takes: a plan by number, resumable, the same for any number of workers."""

from __future__ import annotations

import dataclasses
import os
import subprocess
import sys
import time
from collections import Counter
from itertools import islice
from pathlib import Path

import numpy as np
import pytest

from pywakeword import voices
from pywakeword.training.takes import _commands, bank
from pywakeword.training.takes.bank import fill, read_index, speak, text_of
from pywakeword.training.takes.evaluation import KINDS, MORE_KINDS, evaluation_tasks
from pywakeword.training.takes.plan import Plan, training_speakers
from pywakeword.training.takes.texts import ENGLISH
from pywakeword.training.takes.words import WORDS, Word

SPEAKERS = ("af_bella", "am_adam", "bm_george", "ff_siwis", "jm_kumo")
PLAN = Plan(7, SPEAKERS)


class Hum:
    """Says where each part is: 1,000 samples per part, behind 500 of silence."""

    name = "kokoro"
    sample_rate = 16000
    speakers = SPEAKERS
    languages = ("en-us", "en-gb")

    def synthesize(self, text, speaker=None, *, speed=1.0, seed=0, language=None):
        return self.synthesize_parts([text])[0]

    def synthesize_parts(self, parts, speaker=None, *, speed=1.0, seed=0, language=None):
        audio = np.zeros(500 + 1000 * len(parts), np.float32)
        audio[500:] = 0.1 + (seed % 97) / 1000
        spans = [voices.Span(500 + 1000 * i, 1500 + 1000 * i) for i in range(len(parts))]
        return audio, spans


def make_hum(name: str) -> Hum:
    assert name == "kokoro"
    return Hum()


class Full:
    """A library that writes to a disk without room."""

    @staticmethod
    def write(*_: object, **__: object) -> None:
        raise RuntimeError("No space left on device")


def test_a_full_disk_is_an_error_of_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bank, "require", lambda *_: Full)
    held = {"folder": tmp_path, "task_of": PLAN.task, "make_voice": make_hum, "voices": {}}
    monkeypatch.setattr(bank, "_WORKER", held)
    with pytest.raises(OSError, match=r"0000003\.flac cannot be written: No space left"):
        bank._make(3)


def killed(name: str) -> Hum:
    os._exit(9)


def test_a_killed_worker_is_named_and_the_index_stays(tmp_path: Path) -> None:
    list(fill(tmp_path, PLAN.task, 2, make_hum))
    with pytest.raises(voices.VoiceFailedError, match="was killed"):
        list(fill(tmp_path, PLAN.task, 4, killed))
    assert len(read_index(tmp_path)) == 2


# The plan


def test_a_task_depends_on_its_number_alone() -> None:
    assert PLAN.task(41) == Plan(7, SPEAKERS).task(41)
    assert PLAN.task(41) != PLAN.task(42)
    assert PLAN.task(41) != Plan(8, SPEAKERS).task(41)


def test_each_speaker_calls_the_word_and_says_something_else() -> None:
    for k in range(200):
        call, other = PLAN.task(2 * k), PLAN.task(2 * k + 1)
        assert call.called
        assert not other.called
        assert (call.speaker, call.keyword, call.language) == (
            other.speaker,
            other.keyword,
            other.language,
        )


def test_shares() -> None:
    tasks = [PLAN.task(number) for number in range(4000)]
    kinds = Counter(task.kind for task in tasks)
    assert kinds["one_breath"] / 2000 == pytest.approx(0.42, abs=0.04)
    assert kinds["isolated"] / 2000 == pytest.approx(0.235, abs=0.04)
    assert kinds["near_miss"] / 2000 == pytest.approx(0.42, abs=0.04)
    assert set(kinds) == {
        *("isolated", "one_breath", "carrier", "pause", "address"),
        *("mention", "near_miss", "everyday", "command", "partial"),
    }
    words = Counter(task.keyword for task in tasks)
    assert min(words.values()) > 0.8 * 4000 / len(WORDS)
    speeds = [task.speed for task in tasks]
    assert 0.75 <= min(speeds) < 0.77
    assert 1.33 < max(speeds) <= 1.35
    first = dict.fromkeys(WORDS, 0.0) | {"alexa": 0.6, "computer": 0.4}
    weighted = Plan(7, SPEAKERS, first=first, n_first=500)
    assert {weighted.task(number).keyword for number in range(500)} == {"alexa", "computer"}
    assert len({weighted.task(number).keyword for number in range(500, 700)}) == 7


def test_only_mentions_and_calls_hold_the_word() -> None:
    for number in range(1500):
        task = PLAN.task(number)
        assert bool(task.word) == (task.called or task.kind == "mention")
        assert "{" not in text_of(task)
        assert " ," not in text_of(task)
        if task.kind == "one_breath":
            assert not any(mark in task.before + task.word for mark in ",.!?")
            assert task.after[0].isalnum()
        if task.kind in ("everyday", "command"):
            assert not any(word in text_of(task).lower() for word in WORDS[task.keyword].spoken)


def test_commands() -> None:
    assert len(set(_commands.COMMANDS)) >= 150
    assert not set(_commands.COMMANDS) & set(_commands.HELD_OUT_COMMANDS)


def test_no_held_out_speaker_is_trained_on() -> None:
    every = [*SPEAKERS, *voices.HELD_OUT["kokoro"]]
    assert training_speakers(every) == sorted(SPEAKERS)
    assert not any(voices.is_held_out("kokoro", PLAN.task(n).speaker) for n in range(500))
    with pytest.raises(ValueError, match="af_heart is held out"):
        Plan(7, every)


def test_a_word_of_ones_own() -> None:
    robot = Word(("hey robot",), near_misses=("hey rowboat",), partials=("robot",))
    tasks = [Plan(7, SPEAKERS, words={"hey_robot": robot}).task(n) for n in range(300)]
    assert {task.word for task in tasks if task.called} == {"hey robot"}
    assert any("hey rowboat" in text_of(task) for task in tasks)


def test_another_language() -> None:
    texts = dataclasses.replace(ENGLISH, language="fr", commands=("allume la lampe",))
    tasks = [Plan(7, SPEAKERS, texts=texts).task(n) for n in range(300)]
    assert {task.language for task in tasks} == {"fr"}
    native = sum("ff_siwis" in task.speaker for task in tasks)
    assert native > 120  # the one French speaker speaks half of it


def test_the_plan_of_a_bank_stays_as_it_is() -> None:
    # A bank that was begun goes on under the same plan: a change here mixes two plans in it.
    task = Plan(20261128, SPEAKERS).task(10)
    found = (task.keyword, task.kind, text_of(task))
    assert found == ("okay_nabu", "pause", "okay nabu? go back one song!")


def test_evaluation() -> None:
    tasks = evaluation_tasks()
    cells = Counter((task.keyword, task.kind, task.voice, task.speaker) for task in tasks)
    n_speakers = sum(map(len, voices.HELD_OUT.values()))
    assert len(cells) == len(WORDS) * len(KINDS) * n_speakers
    assert set(cells.values()) == {3}
    assert all(voices.is_held_out(task.voice, task.speaker) for task in tasks)
    assert [task.number for task in tasks] == list(range(len(tasks)))


def test_evaluation_of_talk_about_the_word_and_of_words_in_front_of_it() -> None:
    tasks = evaluation_tasks(("alexa", "okay_nabu"), per_speaker=1, kinds=MORE_KINDS, first=100)
    assert [task.number for task in tasks] == list(range(100, 100 + len(tasks)))
    assert {task.kind for task in tasks if task.called} == {"carrier"}
    assert {task.kind for task in tasks if not task.called} == {"mention"}
    spoken = {word for name in ("alexa", "okay_nabu") for word in WORDS[name].spoken}
    assert all(task.word in spoken for task in tasks)
    assert all(task.before for task in tasks if task.called)
    trained = {text for texts in (ENGLISH.carriers, ENGLISH.mentions) for text in texts}
    assert not any(task.before.strip(",") in trained for task in tasks)


# The bank


def test_a_take_knows_where_the_word_is() -> None:
    for number in range(60):
        task = PLAN.task(number)
        take = speak(task, Hum())
        assert take.pcm.dtype == np.int16
        if not task.word:
            assert take.word is None
        else:
            start = 1500 if task.before else 500
            assert take.word == voices.Span(start, start + 1000)


def test_the_same_files_for_any_number_of_workers(tmp_path: Path) -> None:
    pytest.importorskip("soundfile")
    for workers in (1, 3):
        rows = list(fill(tmp_path / str(workers), PLAN.task, 25, make_hum, workers))
        assert [row["task"] for row in rows] == list(range(25))
        assert rows == read_index(tmp_path / str(workers))
    one, three = (
        {
            path.relative_to(tmp_path / workers): path.read_bytes()
            for path in (tmp_path / workers).rglob("*.*")
        }
        for workers in ("1", "3")
    )
    assert one == three
    assert len(one) == 26


def test_a_stopped_run_goes_on(tmp_path: Path) -> None:
    soundfile = pytest.importorskip("soundfile")
    list(islice(fill(tmp_path, PLAN.task, 10, make_hum), 4))
    index = tmp_path / bank.INDEX
    complete = index.read_text()
    assert complete.count("\n") == 4
    with index.open("a") as file:
        file.write('{"task": 4, "fi')
    rows = list(fill(tmp_path, PLAN.task, 10, make_hum))
    assert [row["task"] for row in rows] == [4, 5, 6, 7, 8, 9]
    assert index.read_text().startswith(complete)
    every = read_index(tmp_path)
    assert [row["task"] for row in every] == list(range(10))
    for row in every:
        pcm, rate = soundfile.read(tmp_path / row["file"], dtype="int16")
        assert (len(pcm), rate) == (row["samples"], 16000)
    assert list(fill(tmp_path, PLAN.task, 10, make_hum)) == []


def test_workers_end_with_a_killed_run(tmp_path: Path) -> None:
    pytest.importorskip("soundfile")
    script = tmp_path / "endless.py"
    script.write_text(
        "import os, sys, time\n"
        f"sys.path.insert(0, {str(Path(__file__).parent)!r})\n"
        "from pathlib import Path\n"
        "import test_takes\n"
        "class Slow(test_takes.Hum):\n"
        "    def synthesize_parts(self, *a, **k):\n"
        f"        Path({str(tmp_path)!r}, f'pid-{{os.getpid()}}').touch()\n"
        "        time.sleep(0.2)\n"
        "        return super().synthesize_parts(*a, **k)\n"
        "def make(name):\n"
        "    return Slow()\n"
        "if __name__ == '__main__':\n"
        f"    bank = Path({str(tmp_path / 'bank')!r})\n"
        "    list(test_takes.fill(bank, test_takes.PLAN.task, 10000, make, 2))\n"
    )
    process = subprocess.Popen([sys.executable, str(script)])
    try:
        _wait_for(lambda: len(list(tmp_path.glob("pid-*"))) == 2)
    finally:
        process.kill()
        process.wait()
    workers = [int(path.name[4:]) for path in tmp_path.glob("pid-*")]
    _wait_for(lambda: not any(_is_running(pid) for pid in workers))


def _wait_for(condition, timeout_s: float = 60.0) -> None:
    end = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.05)


def _is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    stat = Path(f"/proc/{pid}/stat")
    return not (stat.exists() and stat.read_text().rpartition(")")[2].split()[0] == "Z")
