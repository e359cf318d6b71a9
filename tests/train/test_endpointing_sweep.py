"""The protocol of the endpointing figures; needs the extra `kits`: pytest tests/train."""

from __future__ import annotations

import numpy as np
import pytest

from pywakeword import WaitPolicy
from pywakeword.tts.recording.alignment import PAUSE, Alignment, Phone
from tools.endpointing.data.examples import ASK_MS
from tools.endpointing.data.spans import find_spans
from tools.endpointing.figures.report import chosen_policy, figures, kind_lines, lines
from tools.endpointing.figures.sweep import (
    PauseOnly,
    Ramp,
    Sweep,
    Table,
    Threshold,
    apply,
    auc,
    pause_policies,
    ramp_policies,
)

NAN = float("nan")
# Two utterances: one with holds of 300 and 700 ms, one without any.
TABLE = Table(
    np.array([0, 0, 0, 1]),
    np.array([False, False, True, True]),
    np.array([300, 700, 2000, 2000]),
    np.array([[0.2, NAN, NAN], [0.3, 0.1, NAN], [0.6, 0.8, 0.9], [0.9, 0.9, 0.9]]),
)


@pytest.mark.parametrize(
    ("delay_ms", "share"), [(250, 0.5), (300, 0.5), (650, 0.5), (700, 0.0), (750, 0.0)]
)
def test_a_fixed_pause_cuts_off_what_pauses_longer(delay_ms: int, share: float) -> None:
    outcome = apply(PauseOnly(delay_ms), TABLE)
    assert outcome.cut_off.mean() == share
    assert outcome.latency_ms.tolist() == [delay_ms, delay_ms]


def test_a_hold_as_long_as_the_delay_is_not_cut_off() -> None:
    """Whole milliseconds: 0.1 s + 0.2 s in floats is more than 0.3 s."""
    single = TABLE.of(np.array([0]))
    assert apply(PauseOnly(700), single).cut_off.tolist() == [False]
    assert apply(PauseOnly(699), single).cut_off.tolist() == [True]


def test_pause_only_is_the_analytic_baseline() -> None:
    rng = np.random.default_rng(3)
    n = 400
    holds = rng.integers(100, 1500, n)
    table = Table(
        np.repeat(np.arange(n), 2),
        np.tile([False, True], n),
        np.stack([holds, np.full(n, 2000)], axis=1).ravel(),
        np.full((2 * n, 3), NAN),
    )
    sweep = Sweep.over(pause_policies(), table)
    policy = sweep.fewest_cut_offs(300)
    assert policy.delay_ms == 300
    assert apply(policy, table).cut_off.mean() == (holds > 300).mean()
    policy = sweep.shortest_latency(0.05)
    fitting = [d for d in range(100, 2001, 50) if (holds > d).mean() <= 0.05]
    assert policy.delay_ms == min(fitting)


def test_a_threshold_is_asked_once_at_200_ms() -> None:
    outcome = apply(Threshold(0.5, 200, 1000), TABLE)
    assert outcome.cut_off.tolist() == [False, False]
    assert outcome.latency_ms.tolist() == [200, 200]
    outcome = apply(Threshold(0.7, 200, 600), TABLE)
    assert outcome.cut_off.tolist() == [True, False]
    assert outcome.latency_ms.tolist() == [600, 200]
    assert outcome.timed_out.tolist() == [True, False]


def test_a_ramp_is_asked_again_as_the_pause_grows() -> None:
    policy = WaitPolicy(200, 1200, middle=0.5, steepness=1)
    outcome = apply(Ramp(policy), TABLE)
    # At 200 ms the wait is 600, beyond the next question; there it is 400: at once.
    assert policy.wait_ms(0.6) == pytest.approx(600)
    assert outcome.latency_ms[0] == 500
    assert outcome.latency_ms[1] == pytest.approx(policy.wait_ms(0.9), abs=1)
    assert not outcome.cut_off.any()


def test_the_sweeps_ramp_is_the_endpointers() -> None:
    scores = np.linspace(0, 1, 50)
    table = Table(
        np.arange(50),
        np.ones(50, bool),
        np.full(50, 2000),
        np.stack([scores, np.full(50, NAN), np.full(50, NAN)], axis=1),
    )
    for policy in (WaitPolicy(), WaitPolicy(250, 499, 0.9, 4.0)):
        fires = Ramp(policy).fires_ms(table)
        wanted = [int(np.ceil(max(policy.wait_ms(p), 200))) for p in scores]
        early = np.array(wanted) < ASK_MS[1]
        np.testing.assert_array_equal(fires[early], np.array(wanted)[early])


def test_auc() -> None:
    assert auc(TABLE) == 1.0
    assert auc(TABLE, ask=1) == 1.0


def judged(n_speakers: int = 10, each: int = 6) -> dict:
    """Utterances whose holds and ends "two_pass" tells apart, and "eos" does not."""
    rng = np.random.default_rng(5)
    utterances = []
    for speaker in range(n_speakers):
        for _ in range(each):
            pauses = []
            for end in [False] * int(rng.integers(0, 2)) + [True]:
                ms = 2000 if end else int(rng.integers(300, 900))
                asked = [ms >= ask for ask in ASK_MS]
                knows = rng.uniform(0.7, 1) if end else rng.uniform(0, 0.3)
                pauses.append(
                    {
                        "end": end,
                        "ms": ms,
                        "two_pass": [knows if a else None for a in asked],
                        "eos": [rng.uniform(0, 1) if a else None for a in asked],
                        "smart_turn": [knows, None, None],
                    }
                )
            utterances.append(
                {
                    "name": "",
                    "speaker": f"s{speaker}",
                    "split": "dev" if speaker % 3 == 0 else "train",
                    "pauses": pauses,
                }
            )
    return {"utterances": utterances, "cost": {}}


def test_the_report_finds_who_knows() -> None:
    found = figures(judged())
    assert found["utterances"] == 60
    at_300 = {m: r["cut-offs at 300 ms"]["crossed"] for m, r in found["methods"].items()}
    assert at_300["two passes"]["cut_off"] <= 5
    assert at_300["two passes"]["latency_ms"] <= 310
    assert at_300["pause only"]["cut_off"] > 20
    assert at_300["<eos> only"]["cut_off"] > 10
    low, high = at_300["pause only"]["cut_off_interval"]
    assert low < at_300["pause only"]["cut_off"] < high
    assert len(lines(found, "crossed")) == 1 + len(found["methods"])
    assert chosen_policy(judged(), 0.05).wait_ms(0.9) < 350


def test_kinds_are_reported_under_a_policy_for_all() -> None:
    everyone = judged()
    for i, utterance in enumerate(everyone["utterances"]):
        utterance["kind"] = "spelled" if i < 6 else "statement"  # one speaker spells
    rows = kind_lines(everyone)
    assert [row for row in rows if "utterances" in row] == [
        "spelled: 6 utterances of 1 speakers",
        "statement: 54 utterances of 9 speakers",
    ]
    assert sum(row.startswith("two passes ") for row in rows) == 2


def test_ramps_are_of_the_asked_kind() -> None:
    assert all(r.policy.shortest_ms == 200 for r in ramp_policies(TABLE))


def test_pauses_are_between_words_and_quiet() -> None:
    """Two words with 400 ms between them, a closure of 120 ms inside the first."""
    rng = np.random.default_rng(1)
    frames = np.full((300, 64), -10.5, np.float32)
    for a, b in ((50, 80), (92, 110), (150, 200)):
        frames[a:b] = -2.0
    frames += rng.normal(0, 0.05, frames.shape).astype(np.float32)
    phones = (
        Phone(PAUSE, 0, 50, -1),
        Phone("ae", 50, 80, 0),
        Phone("k", 80, 110, 0),
        Phone(PAUSE, 110, 150, -1),
        Phone("s", 150, 200, 1),
        Phone(PAUSE, 200, 300, -1),
    )
    alignment = Alignment(("actor", "sings"), phones)
    spans = find_spans(frames, alignment)
    assert spans is not None
    assert (spans.start, spans.end) == (50, 200)
    assert spans.holds == ((110, 150),)
    by_energy = find_spans(frames, None)
    assert by_energy is not None
    assert by_energy.holds == ((80, 92), (110, 150))
    # A knock long after the last word is no speech.
    frames[260:275] = -2.0
    spans = find_spans(frames, alignment)
    assert spans is not None
    assert spans.end == 200
