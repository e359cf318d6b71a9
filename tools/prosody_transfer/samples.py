"""Write sounds and contour plots of transfers to the bundled voice."""

from __future__ import annotations

import argparse
import wave
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from pywakeword.training.material.corpus import decode
from pywakeword.training.material.features import to_pcm
from pywakeword.tts.addon import Addon
from pywakeword.tts.prosody.reference import ProsodyReference
from pywakeword.tts.recording.acoustic_frames import (
    FRAME_RATE_HZ,
    N_MELS,
    REFERENCE_HZ,
    acoustic_frames,
)
from tools.prosody_transfer.corpus import Item, recordings
from tools.prosody_transfer.evaluation.transfers import sources
from tools.prosody_transfer.export import NAME
from tools.prosody_transfer.options import add_options, read_items
from tools.tts.corpus import SYMBOLS

_COUNT = 6


def main(argv: Sequence[str] | None = None) -> int:
    """Write the samples; 2 on bad input."""
    parser = argparse.ArgumentParser(description=__doc__)
    add_options(parser)
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args(argv)
    items = read_items(args)
    if items is None:
        return 2
    return write(items, args.data, args.models / NAME, args.out)


def write(items: Sequence[Item], data: Path, addon: Path, out: Path) -> int:
    """Write source, transfer and plain synthesis for the first reported speakers."""
    voice = Addon.load(addon)
    paths = {r.path.stem: r.path for r in recordings(data)}
    out.mkdir(parents=True, exist_ok=True)
    seen: set[str] = set()
    for item in sources(items, "report"):
        if item.speaker in seen or len(seen) == _COUNT:
            continue
        seen.add(item.speaker)
        symbols = tuple(SYMBOLS[i] for i in item.symbols)
        reference = ProsodyReference(symbols, item.durations, item.frames)
        with voice.open(symbols, reference.tensors()) as stream:
            made = stream.pull(1 << 22)[:, 0]
        source = decode(paths[item.name])
        plain = voice.synthesize(item.text).astype(np.float32) / np.float32(32768)
        for kind, sound in (("source", source), ("transfer", made), ("plain", plain)):
            _write_wav(out / f"{item.name}-{kind}.wav", to_pcm(sound))
        _plot(out / f"{item.name}.png", item, acoustic_frames(made.astype(np.float32)))
    print(f"{len(seen)} samples in {out}")
    return 0


def _write_wav(path: Path, pcm: npt.NDArray[np.int16]) -> None:
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(16_000)
        file.writeframes(pcm.astype("<i2").tobytes())


def _plot(path: Path, item: Item, made: npt.NDArray[np.float32]) -> None:
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot as plt

    figure, axes = plt.subplots(2, 1, figsize=(9, 5), sharex=True, layout="constrained")
    for frames, label in ((item.frames, "source"), (made, "transfer")):
        time_s = np.arange(len(frames)) / FRAME_RATE_HZ
        hz = REFERENCE_HZ * 2 ** frames[:, N_MELS]
        hz = np.where(frames[:, N_MELS + 1] > 0.5, hz, np.nan)
        axes[0].semilogy(time_s, hz, label=label)
        axes[1].plot(time_s, frames[:, :N_MELS].mean(1) / 0.2, label=label)
    axes[0].set_ylabel("F0 (Hz)")
    axes[1].set_ylabel("mean log mel energy")
    axes[1].set_xlabel("s")
    axes[0].set_title(item.text)
    axes[0].legend()
    figure.savefig(path, dpi=90)
    plt.close(figure)
