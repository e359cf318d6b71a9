"""Plots pitch, energy and timing of a sentence, beside those of the mean prosody."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from pywakeword._extras import require
from pywakeword.errors import AddonError, EmptyTextError
from pywakeword.tts.addon import Addon
from pywakeword.tts.blocks.base import Frames
from pywakeword.tts.blocks.upsampler import whole_frames

PROBE = "acoustic"  # in front of the vocoder
_MEL_SCALE = 0.2
_VOICED = 0.5


@dataclass(frozen=True)
class SpokenContours:
    """Contours of a sentence, as they go into the vocoder.

    Attributes
    ----------
    seconds : (n_frames,) ndarray of float64
        Time of each frame.
    f0_hz : (n_frames,) ndarray of float64
        NaN in unvoiced frames.
    energy_db : (n_frames,) ndarray of float64
        Mean over the mel bands, without a reference.
    symbols : tuple of (str, float)
        Each phone with its start in seconds.
    """

    seconds: npt.NDArray[np.float64]
    f0_hz: npt.NDArray[np.float64]
    energy_db: npt.NDArray[np.float64]
    symbols: tuple[tuple[str, float], ...]


def spoken_contours(text: str, way: str, *, addon: str = "slt-parallel") -> SpokenContours:
    """Compute a text with a voice, and return the contours that go into its vocoder.

    Raises
    ------
    EmptyTextError
        If the text has no word.
    AddonError
        If the addon has no `Probe` called `acoustic`, or cannot be loaded.
    """
    seen: list[Frames] = []
    voice = Addon.load(addon, prosody_way=way, observers={PROBE: seen.append})
    acoustics = voice.manifest.acoustics.values
    rate_hz = acoustics["sample_rate_hz"] / acoustics["hop_samples"]
    symbols, start = [], 0
    for names, tensors in voice.pieces(text):
        with voice.open(names, tensors) as stream:
            while len(stream.pull(voice.sample_rate_hz)):
                pass
        indexes = np.array([voice.manifest.symbols.index(name) for name in names], np.int64)
        made = voice.pipeline.sequence_block.run({"symbols": indexes, **tensors})
        lengths = whole_frames(made["durations"], 1.0)
        starts = start + np.cumsum(lengths) - lengths
        symbols += list(zip(names, (starts / rate_hz).tolist()))
        start += int(lengths.sum())
    if not symbols:
        raise EmptyTextError(f"the text {text[:40]!r} has no word to speak")
    if not seen:
        raise AddonError("stack", f"has no Probe called {PROBE!r}; nothing to draw")
    frames = np.concatenate(seen).astype(np.float64)
    f0_hz = acoustics["reference_hz"] * 2 ** frames[:, -2]
    f0_hz[frames[:, -1] < _VOICED] = np.nan
    energy_db = 10 / np.log(10) / _MEL_SCALE * frames[:, :-2].mean(axis=1)
    return SpokenContours(np.arange(len(frames)) / rate_hz, f0_hz, energy_db, tuple(symbols))


def save_prosody_plot(path: Path, text: str, way: str, *, addon: str = "slt-parallel") -> None:
    """Write the contours as PNG, over those of the mean prosody.

    Parameters
    ----------
    path : path
        The file to write.
    text : str
        The sentence.
    way : str
        centroid, syntactic, semantic or both.
    addon : str
        The voice.
    """
    figure = require("matplotlib.figure", "evaluate").Figure(figsize=(12, 6), layout="constrained")
    plain, chosen = (spoken_contours(text, w, addon=addon) for w in ("centroid", way))
    pitch, energy = figure.subplots(2, sharex=True)
    for axes, name in ((pitch, "f0_hz"), (energy, "energy_db")):
        axes.plot(plain.seconds, getattr(plain, name), color="0.6", linestyle="--", label="mean")
        axes.plot(chosen.seconds, getattr(chosen, name), color="tab:blue", label=way)
        axes.grid(visible=True, alpha=0.3)
    pitch.set_yscale("log", base=2)
    pitch.set(ylabel="F0 (Hz)", title=text if len(text) <= 100 else f"{text[:97]}...")
    ticks = [100, 125, 160, 200, 250, 320]
    pitch.set_yticks(ticks, [str(tick) for tick in ticks])
    energy.set(ylabel="mean of mel bands (dB)", xlabel="seconds")
    for symbol, start in chosen.symbols:
        energy.annotate(symbol, (start, 0.02), xycoords=("data", "axes fraction"), fontsize=7)
        for axes in (pitch, energy):
            axes.axvline(start, color="0.85", linewidth=0.5, zorder=0)
    pitch.legend()
    figure.savefig(path, format="png", dpi=100)
