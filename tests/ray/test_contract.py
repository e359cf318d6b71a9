"""The verifier's contract on Ray Serve; needs the extra `ray`: pytest -W default tests/ray.

Takes about a minute and a gigabyte of memory, so tools/run_tests leaves it out.
"""

from __future__ import annotations

import os
import socket
import warnings
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
# Workers must find the package; usage statistics would open the network.
os.environ["PYTHONPATH"] = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
os.environ.setdefault("RAY_raylet_start_wait_time_s", "120")  # a busy machine takes its time

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # Ray's own, about pydantic
    import ray
    from ray import serve

from helpers.tiny_verifier import write_verifier  # noqa: E402
from helpers.verifier_contract import *  # noqa: E402, F403

from pywakeword.verifier.server.ray_app import serve_forever  # noqa: E402

pytestmark = pytest.mark.filterwarnings("default")


@pytest.fixture(scope="module")
def url(tmp_path_factory):
    folder = tmp_path_factory.mktemp("verifier")
    for keyword in ("beep", "boop"):
        write_verifier(folder, keyword)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False)
    arguments = {
        "models": str(folder),
        "body_timeout_s": 0.5,
        "idle_timeout_s": 0.5,
        "replicas": 1,
    }
    serve_forever(arguments, host="127.0.0.1", port=port, block=False)
    yield f"http://127.0.0.1:{port}"
    serve.shutdown()
    ray.shutdown()
