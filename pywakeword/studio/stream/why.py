"""Why a word was not reported: the nearest miss, the level, the noise, the state."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from pywakeword.audio.pcm import SAMPLE_RATE_HZ
from pywakeword.audio.source import PcmBlock
from pywakeword.device_state import DeviceState
from pywakeword.endpointing.endpointer import Endpointer
from pywakeword.studio.catalogue import Entry
from pywakeword.studio.stream.analysis import HOP_SAMPLES
from pywakeword.studio.stream.sound import loudness

CONTEXT_S = 2.0  # what a detector looks back
_PLAYBACKS = ("unknown", "none", "music", "tts")
_TRAILING = np.zeros(SAMPLE_RATE_HZ // 2, np.int16)

# From here on, a reason is given.
_QUIET_DBFS, _NOISY_DB, _CLIPPED, _SPEECH, _SHORTEST_S, _NEAR = -45.0, 12.0, 0.001, 0.5, 0.2, 0.5


def explain(
    entry: Entry,
    word: str,
    thresholds: Mapping[str, float],
    state: DeviceState,
    pcm: PcmBlock,
    n_context: int,
) -> dict[str, Any]:
    """Return figures and reasons for one word in one stretch of audio.

    Parameters
    ----------
    entry : Entry
        The model.
    word : str
        One of its keywords.
    thresholds : mapping of str to float
        Per keyword.
    state : DeviceState
        State of the device that the detector has.
    pcm : (n_samples,) ndarray of int16
        The stretch, with what precedes it.
    n_context : int
        Samples before the stretch; a multiple of 160.

    Returns
    -------
    dict
        `reasons` are codes, the most likely first; the page has their text.
    """
    spotter = entry.make(thresholds, state)
    column, threshold = spotter.keywords.index(word), spotter.thresholds[word]
    found, scores = spotter.process_with_scores(np.concatenate([pcm, _TRAILING]))
    shift_s = spotter.frame_shift_s
    row = round(n_context / SAMPLE_RATE_HZ / shift_s)
    inside = scores[row:, column]
    own = [d for d in found if d.keyword == word]
    stretch = pcm[n_context:]
    best = int(inside.argmax()) if len(inside) else 0
    speech = Endpointer().probabilities(pcm)[n_context // HOP_SAMPLES :]
    facts: dict[str, Any] = {
        "word": word,
        "threshold": threshold,
        "score": round(float(inside[best]), 4) if len(inside) else 0.0,
        "at": round((best + 1) * shift_s, 2),
        "detected": any(d.detected_sample > n_context for d in own),
        "refractory": any(d.detected_sample <= n_context + best * shift_s * 16000 for d in own),
        **loudness(stretch),
        "speech_s": round(float(np.count_nonzero(speech > _SPEECH)) / 100, 2),
        "state": {"playback": state.playback, "volume": state.volume},
        "states": _by_state(entry, spotter.keywords.index(word), thresholds, state, pcm, row),
    }
    facts["reasons"] = _reasons(facts)
    return facts


def _by_state(
    entry: Entry,
    column: int,
    thresholds: Mapping[str, float],
    state: DeviceState,
    pcm: PcmBlock,
    row: int,
) -> list[dict[str, Any]]:
    """Return the highest score that the same audio has in other states of the device."""
    if entry.cards and all(card.state is None for card in entry.cards):
        return []
    found = []
    for playback in _PLAYBACKS:
        if playback == state.playback:
            continue
        spotter = entry.make(thresholds, replace(state, playback=playback))
        scores = spotter.scores(np.concatenate([pcm, _TRAILING]))[row:, column]
        found.append({"playback": playback, "score": round(float(scores.max(initial=0)), 4)})
    return found


def _reasons(facts: Mapping[str, Any]) -> Sequence[str]:
    if facts["detected"]:
        return ["detected"]
    reasons = []
    if facts["score"] >= facts["threshold"] and facts["refractory"]:
        reasons.append("refractory")
    if facts["level"] <= -90:
        return ["silence"]
    if facts["level"] < _QUIET_DBFS:
        reasons.append("quiet")
    if facts["clipped"] > _CLIPPED:
        reasons.append("clipped")
    if facts["speech_s"] < _SHORTEST_S:
        reasons.append("no_speech")
    if facts["level"] - facts["noise"] < _NOISY_DB:
        reasons.append("noisy")
    if any(other["score"] >= facts["threshold"] > facts["score"] for other in facts["states"]):
        reasons.append("state")
    if _NEAR * facts["threshold"] <= facts["score"] < facts["threshold"]:
        reasons.append("near")
    return reasons or ["unlike"]
