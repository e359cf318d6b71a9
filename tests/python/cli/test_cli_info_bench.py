from __future__ import annotations

import json
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import pywakeword
from pywakeword.cli import main
from pywakeword.measure.benchmark import Timing, measure_rounds, synthetic_audio

pytestmark = pytest.mark.portable


@pytest.fixture
def bundled(beep_model: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Pretend that the test's model is the one that is bundled."""
    monkeypatch.setattr("pywakeword.models.files.bundled_dir", lambda room="": beep_model.parent)
    return beep_model


def test_bundled_name(bundled: Path) -> None:
    assert pywakeword.available_models() == ("beep",)
    assert pywakeword.WakeWord("beep").keywords == ("beep",)


def test_info(bundled: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["info"]) == 0
    text = capsys.readouterr().out
    first, _, header, row = text.splitlines()
    assert first.startswith(f"pywakeword {pywakeword.__version__}, instruction set: ")
    assert header.split("  ")[0] == "word"
    values = re.split("  +", row)
    assert values == ["beep", "beep", "3 kB", "0.5", "0.5", "2.0%", "10 h, 100 recordings"]
    assert "Apache" not in text


def test_info_begins_with_words_sizes_and_thresholds(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["info"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert re.split("  +", lines[2])[:5] == [
        "word",
        "model",
        "size",
        "threshold",
        "false accepts/h",
    ]
    rows = [re.split("  +", line) for line in lines[3:]]
    assert [row[1] for row in rows] == list(pywakeword.available_models())
    thresholds = pywakeword.WakeWord("alexa").thresholds
    assert rows[0][:4] == ["alexa", "alexa", "283 kB", f"{thresholds['alexa']:g}"]


def test_info_of_one_model(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["info", "computer"]) == 0
    text = capsys.readouterr().out
    assert "computer: Keyword spotter for the word 'computer'" in text
    assert "  missed, babble 10: " in text
    assert "  start and end, quiet: error median " in text
    assert "alexa: " not in text
    assert "trained on" not in text


def test_info_licences(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["info", "--licences"]) == 0
    text = capsys.readouterr().out
    assert "alexa: Apache-2.0; trained on" in text
    assert "files of google/visqol@38d0b0163e44: Apache-2.0 (repo licence)" in text


def test_info_of_an_unknown_model(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["info", "no_such_word"]) == 2
    assert "no model 'no_such_word'; bundled models: " in capsys.readouterr().err


def test_info_json(bundled: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["info", "--json"]) == 0
    info = json.loads(capsys.readouterr().out)
    assert info["version"] == pywakeword.__version__
    assert info["isa"] in info["supported_isas"]
    assert info["models"][0] == json.loads(bundled.with_suffix(".json").read_text())


QUICK = ["bench", "--seconds", "1", "--rounds", "3"]


def test_bench_json(beep_model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*QUICK, "--json", "--chunk-samples", "320", "--model", str(beep_model)]) == 0
    result = json.loads(capsys.readouterr().out)
    factor = result["real_time_factor"]
    assert 0 < factor["lowest"] <= factor["median"] <= factor["highest"]
    assert result["ns_per_frame"]["median"] == pytest.approx(1e7 * factor["median"])
    assert (result["chunk_samples"], result["rounds"], result["audio_s"]) == (320, 3, 1)
    assert result["stream_bytes"] > 0
    assert result["isa"]
    assert result["cpu"]
    assert "peer" not in result


def test_bench_text(beep_model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*QUICK, "--model", str(beep_model)]) == 0
    text = capsys.readouterr().out
    assert "ns per 10 ms frame" in text
    assert "bytes per stream" in text


def test_bench_beside_the_peer(beep_model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("pymicro_wakeword", reason="the bench extra is not installed")
    assert main([*QUICK, "--peer", "--model", str(beep_model)]) == 0
    assert "of the peer's" in capsys.readouterr().out
    assert main([*QUICK, "--peer", "--json", "--model", str(beep_model)]) == 0
    peer = json.loads(capsys.readouterr().out)["peer"]
    assert peer["name"].startswith("pymicro-wakeword ")
    assert peer["cpu_ratio"]["median"] > 0


def test_bench_without_the_peer(
    beep_model: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pymicro_wakeword", None)
    assert main([*QUICK, "--peer", "--model", str(beep_model)]) == 2
    assert "pip install 'pywakeword[bench]'" in capsys.readouterr().err


def test_bench_of_words_endpointer_and_limit(capsys: pytest.CaptureFixture[str]) -> None:
    words = ["--model", "alexa", "--model", "computer", "--endpointer"]
    assert main([*QUICK, *words]) == 0
    text = capsys.readouterr().out
    assert "times the limit of this machine" in text
    assert "each further word adds" in text
    assert "the endpointer adds" in text
    assert main([*QUICK, *words, "--json"]) == 0
    result = json.loads(capsys.readouterr().out)
    assert result["limit"]["first_word_ratio"] > 0.5
    assert result["endpointer_ratio"]["median"] > 0
    assert result["further_word_ratio"]["median"] < 2


@pytest.mark.parametrize("option", ["--rounds", "--seconds", "--chunk-samples"])
@pytest.mark.parametrize("value", ["0", "-1", "x"])
def test_bench_wants_positive_numbers(
    option: str, value: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(["bench", f"{option}={value}"])
    assert stopped.value.code == 2
    assert "must be a whole number above 0" in capsys.readouterr().err


class Counter:
    """A contender that counts samples."""

    name = "counter"

    def prepare(self, chunks: Sequence[Any]) -> Sequence[Any]:
        self.lengths = [len(chunk) for chunk in chunks]
        return chunks

    def run(self, chunks: Sequence[Any]) -> int:
        return len(chunks)


def test_rounds_consume_all_audio_and_skip_the_first() -> None:
    contender = Counter()
    (timing,) = measure_rounds([contender], np.zeros(1000, np.int16), 160, 4)
    assert contender.lengths == [160] * 6 + [40]
    assert len(timing.cpu_s) == 4
    assert timing.n_detections == 4 * 7


def test_ratio_is_of_the_same_round() -> None:
    ours = Timing("a", (1.0, 2.0, 4.0), 10.0, 0)
    peer = Timing("b", (10.0, 10.0, 10.0), 10.0, 0)
    assert ours.ratio_to(peer) == {"median": 0.2, "lowest": 0.1, "highest": 0.4}
    assert ours.figures()["ns_per_frame"]["median"] == pytest.approx(2e6)


def test_audio_is_the_same_each_time() -> None:
    np.testing.assert_array_equal(synthetic_audio(1), synthetic_audio(1))
    assert synthetic_audio(0.5).dtype == np.int16
