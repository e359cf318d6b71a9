"""The verifier's contract on Ray Serve; needs the extra `ray`: pytest -W default tests/ray.

Takes about a minute and a gigabyte of memory, so tools/run_tests leaves it out.
"""

from __future__ import annotations

import asyncio
import os
import warnings
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
# Workers must find the package; usage statistics would open the network.
os.environ["PYTHONPATH"] = os.pathsep.join(
    [str(ROOT), str(ROOT / "tests" / "python"), os.environ.get("PYTHONPATH", "")]
)
os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
os.environ.setdefault("RAY_raylet_start_wait_time_s", "120")  # a busy machine takes its time
os.environ.setdefault("RAY_worker_register_timeout_seconds", "240")

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # Ray's own, about pydantic
    import ray

from helpers.tiny_verifier import candidate, write_verifier  # noqa: E402
from helpers.transcript_contract import *  # noqa: E402, F403
from helpers.transcript_contract import make_transcriber  # noqa: E402
from helpers.verifier_contract import *  # noqa: E402, F403
from helpers.verifier_server import running  # noqa: E402

from pywakeword.errors import VerifierUnavailableError  # noqa: E402
from pywakeword.verifier.server import ray_app  # noqa: E402
from pywakeword.verifier.snippet import Snippet  # noqa: E402

pytestmark = pytest.mark.filterwarnings("default")


@pytest.fixture(scope="module")
def handle(tmp_path_factory):
    folder = tmp_path_factory.mktemp("verifier")
    for keyword in ("beep", "boop"):
        write_verifier(folder, keyword)
    ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False)
    arguments = {"models": str(folder), "replicas": 1, "asr": make_transcriber}
    with ray_app.ray_handle(arguments) as found:
        yield found
    ray.shutdown()


@pytest.fixture(scope="module")
def url(handle):
    app = ray_app.create_ray_app(handle, body_timeout_s=0.5, idle_timeout_s=0.5)
    with running(app) as address:
        yield address


@pytest.fixture(scope="module")
def transcribing_url(handle):
    with running(ray_app.create_ray_app(handle, idle_timeout_s=5.0)) as address:
        yield address


def snippet():
    found = candidate()
    return Snippet("beep", found.snippet, found.pre_roll_samples, found.score, found.device_state)


def test_snippets_of_one_moment_are_one_batch(handle):
    sizes = []
    scorer = ray_app.RayScorer(handle, sizes.append)

    async def score():
        return await asyncio.gather(*(scorer.score(snippet()) for _ in range(24)))

    verdicts = asyncio.run(score())
    assert {verdict.decision for verdict in verdicts} == {"accept"}
    assert sum(sizes) == 24
    assert len(sizes) < 24
    assert (scorer.n_waiting, scorer.stuck_s()) == (0, 0)


def test_a_replica_that_does_not_answer_is_busy(handle, monkeypatch):
    monkeypatch.setattr(ray_app, "_PATIENCE_S", 0.0)
    scorer = ray_app.RayScorer(handle)
    with pytest.raises(VerifierUnavailableError, match="no replica answered within 0 s"):
        asyncio.run(scorer.score(snippet()))
    assert scorer.n_waiting == 0


def test_an_application_that_runs_is_used_and_left(handle):
    with ray_app.ray_handle({"models": "/nowhere"}) as second:
        assert ray_app.RayScorer(second).keywords == ["beep", "boop"]
    assert ray_app.RayScorer(handle).keywords == ["beep", "boop"]
