"""What a device plays: music rendered from scores, alarms, and its loudspeaker.

Scores come from the music21 corpus (public domain) and are rendered by fluidsynth with
the General MIDI sound font of Debian's fluid-soundfont-gm. Composers are split, so that
music of the evaluation never occurs in training.
"""

from __future__ import annotations

import logging
import subprocess
import tempfile
from pathlib import Path

import numpy as np
import numpy.typing as npt
import soundfile
import soxr
from scipy.signal import butter, sosfilt

from pywakeword.audio.pcm import SAMPLE_RATE_HZ

TRAIN_COMPOSERS = (
    "bach",
    "palestrina",
    "trecento",
    "monteverdi",
    "ryansMammoth",
    "essenFolksong",
    "oneills1850",
    "airdsAirs",
)
EVALUATION_COMPOSERS = (
    "beethoven",
    "mozart",
    "haydn",
    "schumann_robert",
    "joplin",
    "corelli",
    "handel",
    "schubert",
    "verdi",
    "weber",
    "chopin",
    "josquin",
    "miscFolk",
    "nottingham-dataset",
)
_log = logging.getLogger(__name__)

SOUND_FONT = Path("/usr/share/sounds/sf2/FluidR3_GM.sf2")


def _score_paths(composers: tuple[str, ...]) -> list[Path]:
    from music21 import corpus

    return sorted(
        Path(p)
        for p in corpus.getPaths()
        # Whole symphonies take minutes to parse for an excerpt of half a minute.
        if any(f"/corpus/{c}" in Path(p).as_posix() for c in composers)
        and Path(p).stat().st_size < 30_000
    )


def _arrange(midi_path: Path, rng: np.random.Generator) -> None:
    """Give every track a random instrument and, half of the time, add drums."""
    import mido

    midi = mido.MidiFile(midi_path)
    for channel, track in enumerate(midi.tracks):
        track[:] = [m for m in track if m.type != "program_change"]
        program = int(rng.integers(0, 112))
        track.insert(0, mido.Message("program_change", channel=channel % 9, program=program))
        for message in track:
            if hasattr(message, "channel"):
                message.channel = channel % 9
    if rng.random() < 0.5:
        beat = midi.ticks_per_beat // 2
        drums = mido.MidiTrack()
        pattern = rng.random((8, 3)) < (0.35, 0.3, 0.7)
        for step in range(240):
            hits = [n for n, hit in zip((36, 38, 42), pattern[step % 8]) if hit]
            for note in hits:
                drums.append(mido.Message("note_on", channel=9, note=note, velocity=90))
            drums.append(mido.Message("note_off", channel=9, note=35, time=beat))
        midi.tracks.append(drums)
    midi.save(midi_path)


def render_music(
    composers: tuple[str, ...], count: int, seconds: float, rng: np.random.Generator
) -> list[npt.NDArray[np.float32]]:
    """Render `count` excerpts of at most `seconds` each, dry, at 16 kHz."""
    from music21 import converter

    if not SOUND_FONT.exists():
        raise FileNotFoundError(f"{SOUND_FONT} is missing (Debian package fluid-soundfont-gm)")
    paths = _score_paths(composers)
    excerpts: list[npt.NDArray[np.float32]] = []
    with tempfile.TemporaryDirectory() as folder:
        midi, wav = Path(folder) / "score.mid", Path(folder) / "score.wav"
        while len(excerpts) < count:
            parsed = converter.parse(paths[int(rng.integers(len(paths)))])
            scores = getattr(parsed, "scores", None)
            score = scores[int(rng.integers(len(scores)))] if scores else parsed
            excerpt = score.measures(0, 40)
            # An excerpt that ends inside a repeat cannot be expanded: play it once.
            for measure in excerpt.recurse().getElementsByClass("Measure"):
                measure.leftBarline = measure.rightBarline = None
            for mark in excerpt.recurse().getElementsByClass(("RepeatMark", "RepeatBracket")):
                excerpt.remove(mark, recurse=True)
            try:
                excerpt.write("midi", fp=midi)
            except Exception as error:
                # music21 raises many types on odd scores; any other score will do.
                _log.warning("score skipped: %s: %s", type(error).__name__, error)
                continue
            _arrange(midi, rng)
            try:
                # Some scores never end for fluidsynth: those are left out.
                subprocess.run(
                    ["fluidsynth", "-ni", "-q", "-r", "32000", "-F", wav, SOUND_FONT, midi],
                    check=True,
                    capture_output=True,
                    timeout=20,
                )
            except subprocess.TimeoutExpired:
                continue
            stereo, rate = soundfile.read(wav, dtype="float32", always_2d=True)
            mono = soxr.resample(stereo.mean(axis=1), rate, SAMPLE_RATE_HZ)
            peak = float(np.abs(mono).max(initial=0.0))
            if len(mono) > 3 * SAMPLE_RATE_HZ and peak > 0:
                excerpts.append(
                    np.asarray(mono[: int(seconds * SAMPLE_RATE_HZ)] / peak, np.float32)
                )
    return excerpts


def alarm(seconds: float, rng: np.random.Generator) -> npt.NDArray[np.float32]:
    """Make a timer or alarm sound: beeps, chirps or a two-tone ring, with harmonics."""
    t = np.arange(int(seconds * SAMPLE_RATE_HZ)) / SAMPLE_RATE_HZ
    period, duty = rng.uniform(0.15, 1.2), rng.uniform(0.3, 0.8)
    phase = (t / period) % 1.0
    base = rng.uniform(400, 2800)
    kind = int(rng.integers(3))
    if kind == 0:
        frequency = np.full_like(t, base)
    elif kind == 1:
        frequency = base * (1 + rng.uniform(0.2, 1.0) * phase)
    else:
        frequency = np.where((t / period * rng.integers(2, 12)) % 1 < 0.5, base, base * 1.25)
    angle = 2 * np.pi * np.cumsum(frequency) / SAMPLE_RATE_HZ
    tone = sum(np.sin(h * angle) * rng.uniform(0, 1) / h for h in range(1, 5))
    burst = int(rng.integers(1, 5))  # beep beep beep, pause
    gate = (phase < duty) & ((t / period).astype(int) % (burst + 2) < burst)
    ramp = np.ones(80) / 80
    signal = tone * np.convolve(gate, ramp, "same")
    return np.asarray(signal / max(np.abs(signal).max(), 1e-6), np.float32)


def loudspeaker(
    samples: npt.NDArray[np.float32], rng: np.random.Generator
) -> npt.NDArray[np.float32]:
    """Play through a small loudspeaker: band limit, mild saturation; peak-normalised."""
    band = butter(
        2, (rng.uniform(90, 250), rng.uniform(5500, 7800)), "band", fs=SAMPLE_RATE_HZ, output="sos"
    )
    limited = sosfilt(band, samples)
    drive = rng.uniform(0.5, 2.5)
    out = np.tanh(drive * limited / max(np.abs(limited).max(), 1e-6))
    return np.asarray(out / max(np.abs(out).max(), 1e-6), np.float32)
