"""What reaches the microphone besides the speaker: noise, babble, its own music, speech and alarms.

The last three go through a loudspeaker and a room. All at the same active level as speech.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
from tqdm import tqdm

from pywakeword.audio.pcm import SAMPLE_RATE_HZ
from pywakeword.training.material import playback, rooms, synthesis
from pywakeword.training.material.corpus import decode, read_manifest
from pywakeword.training.material.features import Store, StoreWriter, lfbe
from pywakeword.training.material.levels import ACTIVE_LEVEL, active_rms
from pywakeword.training.material.sentences import treebank_sentences


def add(
    writer: StoreWriter, samples: npt.NDArray[np.float32], kind: str, label: str, said: str = ""
) -> None:
    """Append a sound at the common active level."""
    level = active_rms(samples)
    if level > 0:
        features = lfbe(samples * (ACTIVE_LEVEL / level))
        writer.add(features, None, kind=kind, label=label, group=kind, said=said)


def prepare_interference(data: Path, work: Path, *, seed: int = 2, scale: float = 1.0) -> Store:
    """Make (or reopen) the store; kinds are noise, babble, music, tts and alarm."""
    folder = work / "interference"
    if Store.exists(folder):
        return Store.read(folder)
    rng = np.random.default_rng(seed)
    clips = read_manifest(data, "train")
    responses = rooms.measured_rooms(clips) + rooms.simulated_rooms(int(30 * scale), rng)
    writer = StoreWriter(folder)

    def played(samples: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        response = responses[int(rng.integers(len(responses)))]
        return rooms.reverberate(playback.loudspeaker(samples, rng), response)

    for clip in clips:
        if clip.category == "noise":
            samples = decode(clip.path)
            lasting = np.resize(samples, max(len(samples), 5 * SAMPLE_RATE_HZ))
            add(writer, lasting, "noise", clip.label)
            if clip.label == "music":
                add(writer, played(samples), "music", clip.label)
    speech = [c for c in clips if c.category == "speech"]
    for _ in range(int(60 * scale)):
        mixture = np.zeros(15 * SAMPLE_RATE_HZ, np.float32)
        for _ in range(int(rng.integers(3, 9))):
            voice = decode(speech[int(rng.integers(len(speech)))].path)
            mixture += np.resize(voice / active_rms(voice), len(mixture)) * rng.uniform(0.3, 1)
        add(writer, mixture, "babble", "")
    for _ in range(int(60 * scale)):
        add(writer, played(playback.alarm(12, rng)), "alarm", "")
    voices = synthesis.voices()
    for sentence in treebank_sentences(data, rng, int(220 * scale)):
        name = voices[int(rng.integers(len(voices)))]
        add(writer, played(synthesis.speak(sentence, name)), "tts", name.name, sentence)
    excerpts = playback.render_music(playback.TRAIN_COMPOSERS, int(70 * scale), 30, rng)
    for excerpt in tqdm(excerpts, desc="music", disable=None):
        add(writer, played(excerpt), "music", "")
    writer.close()
    return Store.read(folder)


def prepare_own_voice(
    data: Path, work: Path, word: str, spoken: list[str], *, seed: int = 3, scale: float = 1.0
) -> Store:
    """Make (or reopen) the device itself saying `word`, alone and in front of a sentence.

    Speech of the device never wakes it, even when it says its own name.
    """
    folder = work / "words" / word / "own_voice"
    if Store.exists(folder):
        return Store.read(folder)
    rng = np.random.default_rng(seed)
    responses = rooms.measured_rooms(read_manifest(data, "train"))
    responses += rooms.simulated_rooms(int(30 * scale), rng)
    voices = synthesis.voices()
    sentences = treebank_sentences(data, rng, 40)
    writer = StoreWriter(folder)
    for i in range(int(200 * scale)):
        text = spoken[i % len(spoken)]
        if i % 4 == 0:
            text = f"{text} {sentences[i % len(sentences)]}"
        voice = voices[int(rng.integers(len(voices)))]
        samples = synthesis.speak(
            text, voice, rate=rng.uniform(0.8, 1.25), pitch=rng.uniform(0.7, 1.4)
        )
        # Quiet around it, so that a crop may show the word in any place.
        padded = np.pad(playback.loudspeaker(samples, rng), (2 * SAMPLE_RATE_HZ, SAMPLE_RATE_HZ))
        wet = rooms.reverberate(padded, responses[int(rng.integers(len(responses)))])
        add(writer, wet, "tts", voice.name, text)
    writer.close()
    return Store.read(folder)
