"""Reranking of n-best lists, without a language model of any size."""

from __future__ import annotations

import json
import math
import sys
import threading
import types
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from helpers.recogniser_fakes import Returning, recognition

from pywakeword import (
    Hypothesis,
    MissingExtraError,
    ModelNotFoundError,
    ServiceRefusedError,
    ServiceUnavailableError,
    TranscribingSource,
)
from pywakeword.cli import main
from pywakeword.endpointing import (
    CompletionsScorer,
    HypothesisReranker,
    LlamaScorer,
    RerankWeights,
)

HEARD = (Hypothesis("turn on the late", -0.2, 5), Hypothesis("turn on the light", -0.3, 5))


class Table:
    """A language model that knows one sentence."""

    def __init__(self, known: str = "turn on the light") -> None:
        self._known = known

    def log_probabilities(self, texts: Sequence[str], cancelled: Callable[[], bool]) -> list[float]:
        return [-5.0 if text == self._known else -15.0 for text in texts]


def test_the_likely_text_comes_first() -> None:
    found = HypothesisReranker(Table(), weights=RerankWeights(1.0, 0.2, 0.0, 0.0)).rerank(HEARD)
    assert [h.text for h in found.hypotheses] == ["turn on the light", "turn on the late"]
    assert found.reason == "reranked"
    assert found.scores == pytest.approx((-1.5 - 1.0, -1.0 - 3.0))
    # A language model that counts little changes nothing.
    found = HypothesisReranker(Table(), weights=RerankWeights(1.0, 0.01, 0.0, 0.0)).rerank(HEARD)
    assert found.hypotheses == HEARD


def test_the_words_of_the_application_count() -> None:
    reranker = HypothesisReranker(
        Table("none"), weights=RerankWeights(1, 0, 0, 3), phrases=["Turn on the light!"]
    )
    assert reranker.rerank(HEARD).hypotheses[0].text == "turn on the light"


def test_one_hypothesis_is_no_choice() -> None:
    for given in ((), HEARD[:1]):
        found = HypothesisReranker(Table()).rerank(given)
        assert (found.hypotheses, found.reason) == (given, "one")


def test_after_the_deadline_the_first_one_goes_out() -> None:
    class Slow:
        def __init__(self) -> None:
            self.gate = threading.Event()
            self.stopped = threading.Event()

        def log_probabilities(
            self, texts: Sequence[str], cancelled: Callable[[], bool]
        ) -> list[float]:
            self.gate.wait(60)
            if cancelled():
                self.stopped.set()
            return [0.0, 1.0]

    slow = Slow()
    reranker = HypothesisReranker(slow, deadline_s=0.05)
    found = reranker.rerank(HEARD)
    assert (found.hypotheses, found.scores, found.reason) == (HEARD, (), "deadline")
    slow.gate.set()
    assert slow.stopped.wait(60)  # the late one knows that it can stop


@pytest.mark.parametrize("answer", [[1.0], [0.0, math.nan], ValueError("broken")])
def test_a_model_that_fails_changes_nothing(answer: Any) -> None:
    class Broken:
        def log_probabilities(self, texts: Sequence[str], cancelled: object) -> list[float]:
            if isinstance(answer, Exception):
                raise answer
            return answer

    found = HypothesisReranker(Broken(), deadline_s=60).rerank(HEARD)
    assert (found.hypotheses, found.reason) == (HEARD, "failed")
    assert found.error is not None


def test_a_transcript_is_reranked_in_the_recognisers_thread() -> None:
    answer = recognition("turn on the late", "turn on the light")
    reranker = HypothesisReranker(Table(), weights=RerankWeights(1, 0.5, 0, 0), deadline_s=60)
    source = TranscribingSource(Returning(answer), realtime=False, reranker=reranker)
    found = source.wait_for(source.transcript(0))
    assert found.text == "turn on the light"
    assert found.words == ()  # they were those of the other one
    assert found.reranked is not None
    assert found.reranked.reason == "reranked"


def choice(index: int, offsets: list[int], scores: list[float | None]) -> dict[str, Any]:
    return {"index": index, "logprobs": {"text_offset": offsets, "token_logprobs": scores}}


def test_an_openai_compatible_server() -> None:
    httpx = pytest.importorskip("httpx", reason="the http extra is not installed")
    asked: list[Any] = []
    answers: list[Any] = [
        httpx.Response(
            200,
            json={"choices": [choice(1, [0, 3, 6], [None, -1, -2]), choice(0, [0, 3], [-9, -4])]},
        ),
        httpx.Response(200, json={"choices": []}),
        httpx.Response(200, json={"choices": [{"index": 0}]}),
        httpx.Response(404, text="no such model"),
    ]

    def answer(request: Any) -> Any:
        asked.append((request.url.path, json.loads(request.content)))
        if not answers:
            raise httpx.ConnectError("refused")
        return answers.pop(0)

    scorer = CompletionsScorer(
        "http://model/v1", "m", prompt="Hi:", transport=httpx.MockTransport(answer)
    )
    assert scorer.log_probabilities(["a", "b"]) == [-4, -3]
    path, body = asked[0]
    assert path == "/v1/completions"
    assert body["prompt"] == ["Hi:a", "Hi:b"]
    assert (body["max_tokens"], body["echo"]) == (0, True)
    for message in ("0 answers for 2", "no log probabilities", "status 404: no such model"):
        with pytest.raises(ServiceRefusedError, match=message):
            scorer.log_probabilities(["a", "b"])
    with pytest.raises(ServiceUnavailableError, match="refused"):
        scorer.log_probabilities(["a", "b"])
    scorer.close()


def test_a_local_model_without_the_extra_or_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "xllamacpp", None)
    with pytest.raises(MissingExtraError, match=r"pywakeword\[llm\]"):
        LlamaScorer(tmp_path / "model.gguf")
    monkeypatch.setitem(sys.modules, "xllamacpp", types.ModuleType("xllamacpp"))
    with pytest.raises(ModelNotFoundError):
        LlamaScorer(tmp_path / "model.gguf")
    file = "tests/golden/computer.wav"
    assert main(["endpoint", "--rerank", "x.gguf", file]) == 2
    assert "--rerank needs --asr" in capsys.readouterr().err
    assert main(["endpoint", "--asr", "--rerank-weights", "x.json", file]) == 2
    assert "--rerank-weights needs --rerank" in capsys.readouterr().err


LIKELY = {
    "Hi:": {" turn": -1.0, " tu": -3.0, " play": -2.0},
    "Hi: turn": {" o": -2.0, " on": -0.5, "": -0.1},
    "Hi: turn on": {" the": -1.0, " it": -4.0},
}


def test_a_local_model_is_asked_piece_by_piece(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    class Server:
        def __init__(self, params: Any) -> None:
            assert params.model.path == str(tmp_path / "model.gguf")

        def handle_completions(self, body: dict[str, Any]) -> Any:
            asked.append(body["prompt"])
            top = [{"token": t, "logprob": p} for t, p in LIKELY[body["prompt"]].items()]
            return {"choices": [{"logprobs": {"content": [{"top_logprobs": top}]}}]}

    runtime: Any = types.ModuleType("xllamacpp")
    runtime.CommonParams = lambda: types.SimpleNamespace(
        model=types.SimpleNamespace(), cpuparams=types.SimpleNamespace()
    )
    runtime.Server = Server
    monkeypatch.setitem(sys.modules, "xllamacpp", runtime)
    (tmp_path / "model.gguf").write_bytes(b"")
    scorer = LlamaScorer(tmp_path / "model.gguf", prompt="Hi:")
    # The longest piece that fits; a word that is not likely counts less than all that are.
    assert scorer.log_probabilities(["turn on the", "turn on him"]) == [-2.5, -1.5 + -4.0 - 2.0]
    assert asked == ["Hi:", "Hi: turn", "Hi: turn on"]  # each once
    with pytest.raises(KeyError):
        scorer.log_probabilities(["stop on"])
    assert scorer.log_probabilities(["turn on"], lambda: True) == [0.0]  # dropped anyway


def test_bad_input(tmp_path: Path) -> None:
    with pytest.raises(TypeError, match="log_probabilities"):
        HypothesisReranker("model")
    with pytest.raises(TypeError, match="one str"):
        HypothesisReranker(Table(), phrases="turn on the light")
    with pytest.raises(ValueError, match="deadline_s"):
        HypothesisReranker(Table(), deadline_s=0)
    with pytest.raises(ValueError, match="language must be finite"):
        RerankWeights(language=math.inf)
    weights = tmp_path / "weights.json"
    weights.write_text(json.dumps({"weights": {"language": 0.4}}))
    assert RerankWeights.load(weights) == RerankWeights(language=0.4)
    weights.write_text(json.dumps({"weights": {"height": 1}}))
    with pytest.raises(ValueError, match="no weights of a reranker"):
        RerankWeights.load(weights)
