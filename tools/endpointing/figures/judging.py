"""Score every pause of the held-out utterances with every endpointer."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from tqdm import tqdm

from pywakeword.audio.source import PcmBlock
from pywakeword.endpointing.interfaces import Arbitrator, Encoding, EosSource
from pywakeword.endpointing.recognisers.transcript_arbitrator import TranscriptArbitrator
from tools.endpointing.data.examples import ASK_MS, Place, whole
from tools.endpointing.data.features import Item
from tools.endpointing.data.recognised import RecognisedPauses
from tools.endpointing.figures.rivals import SmartTurn
from tools.endpointing.figures.sweep import LIMIT_MS, Table

_TAIL_SAMPLES = 8 * 16_000
_Result = TypeVar("_Result")
METHODS = ("eos", "two_pass", "transcript", "smart_turn")


@dataclass(frozen=True)
class WithTranscripts:
    """What scores pauses by their transcripts."""

    recognised: RecognisedPauses
    arbitrator: TranscriptArbitrator

    def encoding(self, item: Item, pcm: PcmBlock, place: Place) -> Encoding:
        """Return what `WhisperSource` gives in that pause."""
        found = self.recognised.at(item, pcm, place)
        means = found.states[found.mask > 0].astype(np.float32)
        frames = np.repeat(means, 2, axis=0)  # of which the arbitrator takes the means again
        return Encoding(frames, 0, tuple(found.text.split()), 0.0)


def judge(
    items: list[Item],
    source: EosSource,
    arbitrator: Arbitrator,
    rival: SmartTurn,
    transcripts: WithTranscripts | None = None,
    *,
    seed: int = 5,
) -> dict[str, Any]:
    """Score every pause at 200, 500 and 1200 ms; smart-turn at 200 only, as it is used."""
    utterances, calls = [], 0
    cpu_s = {"encoder": 0.0, "arbitrator": 0.0, "transcript": 0.0, "smart_turn": 0.0}
    longest, rival_calls, audio_s = 0.0, 0, 0.0

    def timed(name: str, work: Callable[..., _Result], *arguments: object) -> _Result:
        began = time.process_time()
        result = work(*arguments)
        cpu_s[name] += time.process_time() - began
        return result

    for item in tqdm(items, desc="pauses", mininterval=10):
        rng = np.random.default_rng([seed, *item.utterance.name.encode()])
        pcm, places = whole(item, rng)
        source.reset()
        heard, pauses = 0, []
        for place in places:
            scores: dict[str, list[float | None]] = {m: [None] * len(ASK_MS) for m in METHODS}
            for i, ms in enumerate(ASK_MS):
                if ms > place.duration_ms:
                    break
                if i == 0 and transcripts is not None:
                    said = transcripts.encoding(item, pcm, place)
                now = place.sample + ms * 16
                part, heard = pcm[heard:now], now
                timed("encoder", source.process, part)
                encoding = timed("encoder", source.encoding)
                tail = pcm[max(0, now - _TAIL_SAMPLES) : now]
                before = cpu_s["arbitrator"]
                p = timed("arbitrator", arbitrator.probability, encoding, tail, ms / 1000)
                longest, calls = max(longest, cpu_s["arbitrator"] - before), calls + 1
                scores["eos"][i], scores["two_pass"][i] = encoding.eos, p
                if transcripts is not None:
                    judged_text = transcripts.arbitrator.probability
                    scores["transcript"][i] = timed(
                        "transcript", judged_text, said, tail, ms / 1000
                    )
                if i == 0:
                    scores["smart_turn"][0] = timed("smart_turn", rival, tail)
                    rival_calls += 1
            duration = LIMIT_MS if place.kind == "end" else place.duration_ms
            pauses.append({"end": place.kind == "end", "ms": duration, **scores})
        audio_s += heard / 16_000
        u = item.utterance
        utterances.append(
            {
                "name": u.name,
                "speaker": u.speaker,
                "split": "dev" if u.in_dev else "train",
                "role": u.role,
                "kind": u.kind,
                "source": u.source,
                "pauses": pauses,
            }
        )
    return {
        "utterances": utterances,
        "cost": {
            "encoder_cpu_per_audio_second": cpu_s["encoder"] / audio_s,
            "arbitrator_cpu_ms_mean": 1000 * cpu_s["arbitrator"] / calls,
            "arbitrator_cpu_ms_longest": 1000 * longest,
            "transcript_arbitrator_cpu_ms_mean": 1000 * cpu_s["transcript"] / calls,
            "smart_turn_cpu_ms_mean": 1000 * cpu_s["smart_turn"] / rival_calls,
        },
    }


def only(judged: dict[str, Any], keep: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
    """Leave out the other utterances."""
    return {**judged, "utterances": [u for u in judged["utterances"] if keep(u)]}


def has_transcripts(judged: dict[str, Any]) -> bool:
    """Whether pauses were scored by their transcripts."""
    return any(
        score is not None
        for utterance in judged["utterances"]
        for pause in utterance["pauses"]
        for score in pause.get("transcript", ())
    )


def table(judged: dict[str, Any], method: str) -> Table:
    """Return the pauses with one method's scores."""
    rows = [(u, p) for u, utterance in enumerate(judged["utterances"]) for p in utterance["pauses"]]
    scores = [[np.nan if s is None else s for s in p[method]] for _, p in rows]
    return Table(
        np.array([u for u, _ in rows]),
        np.array([p["end"] for _, p in rows]),
        np.array([p["ms"] for _, p in rows]),
        np.array(scores, float),
    )


def judged_once(path: Path, make: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """Return what `path` holds, or what `make` makes for it."""
    if path.exists():
        return dict(json.loads(path.read_text(encoding="utf-8")))
    judged = make()
    path.write_text(json.dumps(judged), encoding="utf-8")
    return judged
