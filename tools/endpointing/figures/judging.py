"""Score every pause of the held-out utterances with every endpointer."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from tqdm import tqdm

from pywakeword.endpointing.interfaces import Arbitrator, EosSource
from tools.endpointing.data.examples import ASK_MS, whole
from tools.endpointing.data.features import Item
from tools.endpointing.figures.rivals import SmartTurn
from tools.endpointing.figures.sweep import LIMIT_MS, Table

_TAIL_SAMPLES = 8 * 16_000
_Result = TypeVar("_Result")
METHODS = ("eos", "two_pass", "smart_turn")


def judge(
    items: list[Item], source: EosSource, arbitrator: Arbitrator, rival: SmartTurn, *, seed: int = 5
) -> dict[str, Any]:
    """Score every pause at 200, 500 and 1200 ms; smart-turn at 200 only, as it is used."""
    rng = np.random.default_rng(seed)
    utterances, cpu_s, calls = [], {"encoder": 0.0, "arbitrator": 0.0, "smart_turn": 0.0}, 0
    longest, rival_calls, audio_s = 0.0, 0, 0.0

    def timed(name: str, work: Callable[..., _Result], *arguments: object) -> _Result:
        began = time.process_time()
        result = work(*arguments)
        cpu_s[name] += time.process_time() - began
        return result

    for item in tqdm(items, desc="pauses", mininterval=10):
        pcm, places = whole(item, rng)
        source.reset()
        heard, pauses = 0, []
        for place in places:
            scores: dict[str, list[float | None]] = {m: [None] * len(ASK_MS) for m in METHODS}
            for i, ms in enumerate(ASK_MS):
                if ms > place.duration_ms:
                    break
                now = place.sample + ms * 16
                part, heard = pcm[heard:now], now
                timed("encoder", source.process, part)
                encoding = timed("encoder", source.encoding)
                tail = pcm[max(0, now - _TAIL_SAMPLES) : now]
                before = cpu_s["arbitrator"]
                p = timed("arbitrator", arbitrator.probability, encoding, tail, ms / 1000)
                longest, calls = max(longest, cpu_s["arbitrator"] - before), calls + 1
                scores["eos"][i], scores["two_pass"][i] = encoding.eos, p
                if i == 0:
                    scores["smart_turn"][0] = timed("smart_turn", rival, tail)
                    rival_calls += 1
            duration = LIMIT_MS if place.kind == "end" else place.duration_ms
            pauses.append({"end": place.kind == "end", "ms": duration, **scores})
        audio_s += heard / 16_000
        u = item.utterance
        split = "dev" if u.in_dev else "train"
        utterances.append({"name": u.name, "speaker": u.speaker, "split": split, "pauses": pauses})
    return {
        "utterances": utterances,
        "cost": {
            "encoder_cpu_per_audio_second": cpu_s["encoder"] / audio_s,
            "arbitrator_cpu_ms_mean": 1000 * cpu_s["arbitrator"] / calls,
            "arbitrator_cpu_ms_longest": 1000 * longest,
            "smart_turn_cpu_ms_mean": 1000 * cpu_s["smart_turn"] / rival_calls,
        },
    }


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
