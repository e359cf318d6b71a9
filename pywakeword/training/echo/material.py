"""What the echo canceller leaves of the device's own sounds, as interference to train with.

Each sound goes through the real canceller in one of three phases: converged; converging, from
the first sample on; and lost, after the loudspeaker was moved. In half of them a person talks,
which disturbs the adaptation. What is stored is the output less the person, at a level at which
the echo itself has the common active level: a mixer adds it with the ratio of speech to echo.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from pywakeword.audio.pcm import SAMPLE_RATE_HZ
from pywakeword.training.echo.mixture import Mixture, Signal, Sound, looped
from pywakeword.training.material import playback, rooms, synthesis
from pywakeword.training.material.corpus import Clip, decode, read_manifest
from pywakeword.training.material.features import Store, StoreWriter, lfbe, to_pcm
from pywakeword.training.material.levels import ACTIVE_LEVEL, active_rms
from pywakeword.training.material.sentences import treebank_sentences

PHASES = ("converged", "converging", "lost")
LEFT = "left of {}"  # the kind of a stored sound
_LEAD_S, _SECONDS, _CONVERGING_S = 8.0, 8.0, 3.0
_TALK_SHARE, _TALK_DB = 0.5, (-10.0, 10.0)
_LOUDEST = 0.4
_FLOOR = 1e-4


def left_over(
    dry: Signal,
    phase: str,
    responses: Sequence[Signal],
    rng: np.random.Generator,
    talk: Signal | None = None,
) -> Signal:
    """Return what a canceller leaves of one sound.

    Parameters
    ----------
    dry : (n_samples,) ndarray of float
        What the device plays, repeated as needed.
    phase : str
        One of `PHASES`.
    responses : sequence of ndarray
        Rooms, at least two.
    rng : Generator
        Chooses rooms, loudspeaker, delay and level.
    talk : (n_samples,) ndarray of float, optional
        A person, who talks all the time.
    """
    if phase not in PHASES:
        raise ValueError(f"phase must be one of {', '.join(PHASES)}; got {phase!r}")
    lead = 0 if phase == "converging" else int(_LEAD_S * SAMPLE_RATE_HZ)
    length = _CONVERGING_S if phase == "converging" else _SECONDS
    n_samples = lead + int(length * SAMPLE_RATE_HZ)
    here, there = rng.choice(len(responses), 2, replace=False)
    played = playback.loudspeaker(dry, rng)
    stretch = looped(Sound(dry, rooms.reverberate(played, responses[here])), n_samples, rng)
    wet = stretch.wet * (ACTIVE_LEVEL / max(active_rms(stretch.wet[lead:]), 1e-9))
    if phase == "lost":
        wet[:lead] = rooms.reverberate(wet, responses[there])[:lead]
    near = rng.standard_normal(n_samples).astype(np.float32) * np.float32(_FLOOR)
    if talk is not None:
        ratio = 10 ** (rng.uniform(*_TALK_DB) / 20)
        near += np.resize(talk, n_samples) * (ACTIVE_LEVEL * ratio / max(active_rms(talk), 1e-9))
    peak = max(float(np.abs(stretch.dry).max()), 1e-9)
    mixture = Mixture(to_pcm(near + wet), to_pcm(stretch.dry * (_LOUDEST / peak)))
    left = mixture.cancelled().astype(np.float32) / 32768 - near
    return np.asarray(left[lead:], np.float32)


def prepare_left_over(data: Path, work: Path, *, seed: int = 5, scale: float = 1.0) -> Store:
    """Make (or reopen) the store; kinds are "left of music", "left of tts" and "left of alarm"."""
    folder = work / "left_over"
    if Store.exists(folder):
        return Store.read(folder)
    rng = np.random.default_rng(seed)
    clips = read_manifest(data, "train")
    responses = rooms.measured_rooms(clips) + rooms.simulated_rooms(max(2, int(30 * scale)), rng)
    speech = [clip for clip in clips if clip.category == "speech"]
    writer = StoreWriter(folder)
    for kind, dry, said in _sounds(data, clips, rng, scale):
        for phase in PHASES:
            talk = None
            if rng.random() < _TALK_SHARE:
                talk = decode(speech[int(rng.integers(len(speech)))].path)
            left = left_over(dry, phase, responses, rng, talk)
            name = LEFT.format(kind)
            writer.add(lfbe(left), None, kind=name, label=phase, group=name, said=said)
    writer.close()
    return Store.read(folder)


def _sounds(
    data: Path, clips: list[Clip], rng: np.random.Generator, scale: float
) -> list[tuple[str, Signal, str]]:
    """Return kind, samples and text of what the device plays."""
    voices = synthesis.voices()
    sounds = [
        ("music", decode(c.path), "") for c in clips if c.category == "noise" and c.label == "music"
    ]
    excerpts = playback.render_music(playback.TRAIN_COMPOSERS, int(30 * scale), 20, rng)
    sounds += [("music", excerpt, "") for excerpt in excerpts]
    sounds += [("alarm", playback.alarm(12, rng), "") for _ in range(int(20 * scale))]
    for sentence in treebank_sentences(data, rng, int(80 * scale)):
        voice = voices[int(rng.integers(len(voices)))]
        sounds.append(("tts", synthesis.speak(sentence, voice), sentence))
    return sounds
