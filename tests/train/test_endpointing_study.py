"""Calibration and ablation of the arbitrator; needs the extra `kits`: pytest tests/train."""

from __future__ import annotations

import json
import pickle
from pathlib import Path

import numpy as np
import pytest
import torch

from pywakeword.endpointing.prosody import PROSODY_FEATURES
from tools.endpointing.data.examples import Ask, Pause
from tools.endpointing.figures.calibration import ablation, calibration, figures, judged
from tools.endpointing.networks.arbitration import PARTS, tensors, train_arbitrator
from tools.endpointing.study import main


def pauses(role: str, n: int, seed: int) -> list[Pause]:
    """Ends and holds that only the last value of the prosody tells apart, with noise."""
    rng = np.random.default_rng(seed)
    made = []
    for i in range(n):
        kind = ("end", "hold", "cut")[i % 3]
        asks = []
        for ms in (200, 500):
            sound = rng.normal(0, 1, len(PROSODY_FEATURES)).astype(np.float32)
            sound[-1] += 2.0 if kind == "end" else -2.0
            asks.append(
                Ask(
                    ms,
                    rng.normal(0, 1, (38, 6)).astype(np.float16),
                    np.ones(38, np.float32),
                    rng.integers(0, 41, 8),
                    sound,
                    float(rng.uniform()),
                )
            )
        made.append(Pause(f"{role}{i}", f"{role}_s{i % 7}", role, True, kind, 600, asks))
    return made


def test_a_calibrated_answer_has_no_error_and_a_wrong_one_has() -> None:
    rng = np.random.default_rng(1)
    said = rng.uniform(0, 1, 20_000)
    truth = (rng.uniform(0, 1, 20_000) < said).astype(float)
    row = calibration(said, truth)
    assert row["expected_calibration_error"] < 0.02
    assert row["brier"] == pytest.approx(1 / 6, abs=0.01)
    assert sum(b["n"] for b in row["bins"]) == row["questions"] == 20_000
    assert [b["said"] for b in row["bins"]] == sorted(b["said"] for b in row["bins"])
    sure = calibration(np.where(said > 0.5, 1.0, 0.0), truth)
    assert sure["expected_calibration_error"] > 0.2
    assert sure["brier"] > row["brier"]
    constant = calibration(np.full(20_000, truth.mean()), truth)
    assert constant["brier"] == pytest.approx(constant["brier_of_the_base_rate"], abs=1e-3)


@pytest.mark.parametrize("part", PARTS)
def test_a_hidden_part_says_nothing(part: str) -> None:
    some = pauses("train", 6, 1)
    full, hidden = tensors(some)[0], tensors(some, (part,))[0]
    changed = [not torch.equal(a, b) for a, b in zip(full, hidden)]
    assert sum(changed) == 1
    (left,) = [b for b, c in zip(hidden, changed) if c]
    assert left.unique().numel() == 1


def test_what_the_pauses_differ_in_is_what_is_missed() -> None:
    heard, unheard = pauses("train", 240, 1), pauses("other", 120, 2)
    found = ablation(heard, unheard, seeds=(1,))
    assert set(found) == {"all inputs", *(f"without {part}" for part in PARTS)}
    assert found["all inputs"]["auc_at_200_ms"] > 0.9
    assert found["without prosody"]["auc_at_200_ms"] < 0.7
    assert found["without tokens"]["auc_at_200_ms"] > 0.9


def test_calibration_is_judged_on_other_speakers_than_it_is_fitted_on() -> None:
    heard, unheard = pauses("train", 240, 1), pauses("other", 120, 2)
    network = train_arbitrator(heard, unheard, epochs=4)
    probability, truth, pause_ms = judged(network, unheard)
    assert len(probability) == len(truth) == len(pause_ms) == 160  # cuts left out
    # Inverting the labels of one half changes only the calibration of the other.
    first = sorted({p.speaker for p in unheard})[::2]
    turned = [
        Pause(
            p.recording,
            p.speaker,
            p.role,
            True,
            {"end": "hold", "hold": "end"}[p.kind],
            600,
            p.asks,
        )
        if p.speaker in first and p.kind != "cut"
        else p
        for p in unheard
    ]
    spoilt, _, _ = judged(network, turned)
    speakers = np.array([p.speaker for p in unheard if p.kind != "cut" for _ in p.asks])
    mine = np.isin(speakers, first)
    np.testing.assert_allclose(spoilt[mine], probability[mine])
    assert np.abs(spoilt[~mine] - probability[~mine]).mean() > 0.2
    assert figures(probability, truth, pause_ms)["auc at 1200 ms"] is None  # nothing was asked


def test_the_command_writes_the_card(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with (tmp_path / "pauses.pickle").open("wb") as file:
        pickle.dump(pauses("train", 90, 1) + pauses("other", 60, 2), file)
    card = tmp_path / "arbitrator.json"
    card.write_text(json.dumps({"figures": {"cost": 1}}))
    argv = ["--data", str(tmp_path), "--work", str(tmp_path), "--models", str(tmp_path)]
    assert main([*argv, "--only", "arbitrator", "--write-cards"]) == 0
    assert "without encoding" in capsys.readouterr().out
    written = json.loads(card.read_text())["figures"]
    assert set(written) == {"cost", "calibration", "ablation"}
    assert written["calibration"]["questions"] == 80
