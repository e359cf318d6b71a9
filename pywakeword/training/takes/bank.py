"""Speaks the tasks of a plan into a folder: FLAC files and `index.jsonl`.

One line of the index per take, in the order of the plan. A run that was stopped goes on
behind the last complete line; the files are the same for any number of workers.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import signal
import threading
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from pywakeword._extras import require
from pywakeword.training.takes.plan import Task
from pywakeword.voices.edges import trimmed
from pywakeword.voices.errors import VoiceFailedError
from pywakeword.voices.held_out import is_held_out
from pywakeword.voices.voice import AlignedVoice, Span, Voice

SAMPLE_RATE = 16000
INDEX = "index.jsonl"
_PER_FOLDER = 1000

MakeVoice = Callable[[str], Voice]


@dataclass(frozen=True)
class Take:
    """Audio of a task at 16 kHz, and where the wake word lies in it, if known."""

    pcm: npt.NDArray[np.int16]
    word: Span | None


def speak(task: Task, voice: Voice) -> Take:
    """Make the take of a task."""
    options: dict[str, Any] = {
        "speed": task.speed,
        "seed": task.seed,
        "language": task.language,
    }
    if task.word and isinstance(voice, AlignedVoice):
        parts = [part for part in (task.before, task.word, task.after) if part]
        audio, spans = voice.synthesize_parts(parts, task.speaker, **options)
        span = spans[1 if task.before else 0]
    else:
        audio, span = voice.synthesize(text_of(task), task.speaker, **options), None
        if task.kind == "isolated":  # no durations are needed: the word is all the sound
            span = trimmed(audio, Span(0, len(audio)), voice.sample_rate)
    ratio = SAMPLE_RATE / voice.sample_rate
    if voice.sample_rate != SAMPLE_RATE:
        audio = require("soxr", "audio").resample(audio, voice.sample_rate, SAMPLE_RATE)
    pcm = np.round(np.clip(audio, -1, 1) * 32767).astype(np.int16)
    return Take(pcm, span and Span(round(span.start * ratio), round(span.end * ratio)))


def text_of(task: Task) -> str:
    """Return the whole sentence; punctuation has no space in front."""
    text = " ".join(part for part in (task.before, task.word, task.after) if part)
    for mark in ",.!?":
        text = text.replace(f" {mark}", mark)
    return text


def row_of(task: Task, take: Take) -> dict[str, Any]:
    """Return the task's line of the index."""
    return {
        "task": task.number,
        "file": file_of(task),
        "text": text_of(task),
        "keyword": task.keyword,
        "word": task.keyword if task.word else "",
        "kind": task.kind,
        "called": task.called,
        "voice": task.voice,
        "speaker": task.speaker,
        "speed": task.speed,
        "language": task.language,
        "seed": task.seed,
        "split": "held_out" if is_held_out(task.voice, task.speaker) else "train",
        "samples": len(take.pcm),
        "start": None if take.word is None else take.word.start,
        "end": None if take.word is None else take.word.end,
    }


def file_of(task: Task) -> str:
    """Return the take's path inside the bank."""
    return f"{task.number // _PER_FOLDER:04d}/{task.number:07d}.flac"


def fill(
    folder: Path,
    task_of: Callable[[int], Task],
    count: int,
    make_voice: MakeVoice,
    workers: int = 1,
) -> Iterator[dict[str, Any]]:
    """Speak tasks 0 to `count` - 1 that the bank lacks; yield each new line of the index.

    Parameters
    ----------
    folder : path
        The bank; made if it is not there.
    task_of : callable
        Task of a number, such as `Plan.task`. Must be picklable.
    count : int
        Tasks of the whole bank.
    make_voice : callable
        Voice of a name; called once per worker and voice. Must be picklable.
    workers : int
        Processes; each loads its own voices.

    Raises
    ------
    VoiceFailedError
        If a process was killed. The takes that were made stay.
    OSError
        If a take cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    done = _complete_lines(folder / INDEX)
    with (folder / INDEX).open("a", encoding="utf-8") as index:
        try:
            for row in _in_order(folder, task_of, range(done, count), make_voice, workers):
                index.write(json.dumps(row, ensure_ascii=False) + "\n")
                index.flush()
                yield row
        except BrokenProcessPool:
            raise VoiceFailedError(
                "a process that speaks takes was killed, perhaps for want of memory: run the "
                "command again, with fewer workers"
            ) from None


def read_index(folder: Path) -> list[dict[str, Any]]:
    """Return the lines of a bank's index."""
    with (folder / INDEX).open(encoding="utf-8") as lines:
        return [json.loads(line) for line in lines if line.endswith("\n")]


def _in_order(
    folder: Path,
    task_of: Callable[[int], Task],
    numbers: range,
    make_voice: MakeVoice,
    workers: int,
) -> Iterator[dict[str, Any]]:
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, context, _start, (folder, task_of, make_voice)) as pool:
        waiting: deque[Future[dict[str, Any]]] = deque()
        for number in numbers:
            waiting.append(pool.submit(_make, number))
            if len(waiting) > 4 * workers:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


# What a worker process holds.
_WORKER: dict[str, Any] = {}


def _start(folder: Path, task_of: Callable[[int], Task], make_voice: MakeVoice) -> None:
    # Ctrl-C is the parent's. A worker outlives a parent that was killed, unless it watches.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    _WORKER.update(folder=folder, task_of=task_of, make_voice=make_voice, voices={})


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _make(number: int) -> dict[str, Any]:
    task: Task = _WORKER["task_of"](number)
    voices: dict[str, Voice] = _WORKER["voices"]
    if task.voice not in voices:
        voices[task.voice] = _WORKER["make_voice"](task.voice)
    take = speak(task, voices[task.voice])
    path: Path = _WORKER["folder"] / file_of(task)
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".part")
    try:
        require("soundfile", "audio").write(
            partial, take.pcm, SAMPLE_RATE, format="FLAC", subtype="PCM_16"
        )
    except RuntimeError as error:  # soundfile's, on a full disk
        raise OSError(f"{path} cannot be written: {error}") from None
    partial.replace(path)
    return row_of(task, take)


def _complete_lines(index: Path) -> int:
    """Count the lines of the index; a line that a killed run left unfinished is cut off."""
    if not index.exists():
        return 0
    content = index.read_bytes()
    complete = content[: content.rfind(b"\n") + 1]
    if len(complete) < len(content):
        index.write_bytes(complete)
    return complete.count(b"\n")
