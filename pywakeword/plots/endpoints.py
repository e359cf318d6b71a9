"""Plots an endpointer's input and decisions."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from pywakeword._extras import require
from pywakeword.audio import AudioSource
from pywakeword.audio.pcm import SAMPLE_RATE_HZ
from pywakeword.endpointing import Decision
from pywakeword.endpointing.endpointer import Endpointer
from pywakeword.endpointing.stream_listener import AnyEndpointer
from pywakeword.events import End, EndpointEvent, NoSpeech, PossibleEnd, Resumed, SpeechStart

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_COLOURS: dict[type[EndpointEvent], str] = {
    SpeechStart: "tab:green",
    PossibleEnd: "tab:orange",
    Resumed: "tab:cyan",
    End: "tab:red",
    NoSpeech: "tab:purple",
}
_MOST_POINTS = 4000
_NETWORK_HOP = 160


def save_endpoint_plot(
    path: Path,
    endpointer: AnyEndpointer,
    source: AudioSource,
    *,
    title: str,
    decisions: list[Decision] | None = None,
) -> None:
    """Write waveform, speech posterior, pauses and decisions as PNG.

    Parameters
    ----------
    path : path
        The file to write.
    endpointer : Endpointer or TwoPassEndpointer
        Processes the audio after a reset. The posterior is its own if it is an `Endpointer`, or
        the bundled model's.
    source : AudioSource
        The audio.
    title : str
        Shown above the waveform.
    decisions : list of Decision, optional
        The list that the endpointer's `on_decision` appends to; it is cleared first.
    """
    pcm = np.concatenate([np.zeros(0, np.int16), *source])
    decisions = [] if decisions is None else decisions
    decisions.clear()
    endpointer.reset()
    events = endpointer.process(pcm) + endpointer.close()
    endpointer.reset()
    detector = endpointer if isinstance(endpointer, Endpointer) else Endpointer()
    posterior = detector.probabilities(pcm)
    detector.reset()
    draw(
        path,
        pcm,
        posterior,
        events,
        posterior_lag_s=_lag_s(detector),
        title=title,
        decisions=decisions,
    )


def draw(
    path: Path,
    pcm: npt.NDArray[np.int16],
    posterior: npt.NDArray[np.float32],
    events: Sequence[EndpointEvent],
    *,
    posterior_lag_s: float,
    title: str,
    decisions: Sequence[Decision] = (),
) -> None:
    """Plot given results; `posterior_lag_s` is the delay between a frame and its posterior."""
    figure = require("matplotlib.figure", "evaluate").Figure(figsize=(12, 5), layout="constrained")
    wave, speech = figure.subplots(2, sharex=True)
    _draw_wave(wave, pcm)
    times = np.arange(len(posterior)) * (_NETWORK_HOP / SAMPLE_RATE_HZ)
    speech.plot(times - posterior_lag_s, posterior, linewidth=0.8, color="black")
    if decisions:
        speech.plot(
            [d.sample / SAMPLE_RATE_HZ for d in decisions],
            [d.probability for d in decisions],
            "o",
            color="tab:red",
            label="arbitrator: probability of the end",
        )
        speech.legend(loc="upper right", fontsize="small")
    for axes in (wave, speech):
        for begin, end in pauses(events):
            axes.axvspan(begin / SAMPLE_RATE_HZ, end / SAMPLE_RATE_HZ, color="gold", alpha=0.3)
    for kind, colour in _COLOURS.items():
        label: str | None = kind.__name__
        for event in events:
            if type(event) is not kind:
                continue
            at, decided = event.sample / SAMPLE_RATE_HZ, event.decided_sample / SAMPLE_RATE_HZ
            wave.axvline(at, color=colour, linewidth=1.2, label=label)
            speech.axvline(decided, color=colour, linewidth=1.2, linestyle="--")
            label = None
    wave.set(ylabel="amplitude", ylim=(-1, 1), title=title)
    speech.set(ylabel="posterior of speech", ylim=(0, 1), xlabel="s (dashed: decided)")
    speech.set_xlim(0, max(len(pcm) / SAMPLE_RATE_HZ, 0.1))
    if events:
        wave.legend(loc="upper right", ncols=len(_COLOURS), fontsize="small")
    figure.savefig(path, dpi=120)


def pauses(events: Sequence[EndpointEvent]) -> list[tuple[int, int]]:
    """Return the pauses in samples, each until speech resumed or the end was decided."""
    found: list[tuple[int, int]] = []
    begin: int | None = None
    for event in events:
        if isinstance(event, PossibleEnd):
            begin = event.sample
        elif begin is not None:
            stop = event.decided_sample if isinstance(event, End) else event.sample
            found.append((begin, stop))
            begin = None
    return found


def _draw_wave(axes: Axes, pcm: npt.NDArray[np.int16]) -> None:
    step = max(1, len(pcm) // _MOST_POINTS)
    starts = np.arange(0, len(pcm), step)
    if len(starts):
        low = np.minimum.reduceat(pcm, starts) / 32768
        high = np.maximum.reduceat(pcm, starts) / 32768
        axes.fill_between(starts / SAMPLE_RATE_HZ, low, high, linewidth=0.3, color="tab:blue")


def _lag_s(endpointer: Endpointer) -> float:
    # The posterior comes a window after its frame begins, and describes earlier frames.
    return (endpointer.card.delay_frames + endpointer.card.frame_stride / 2) * 0.01 - 0.0125
