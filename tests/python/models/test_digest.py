from __future__ import annotations

import hashlib
import importlib
from typing import Any

import pytest

from pywakeword.models import digest

pytestmark = pytest.mark.portable


@pytest.mark.parametrize("n_bytes", [0, 1, 55, 56, 64, 100_000])
def test_the_digest_is_sha256(n_bytes: int) -> None:
    data = bytes(range(256)) * (n_bytes // 256 + 1)
    assert digest.sha256_hex(data[:n_bytes]) == hashlib.sha256(data[:n_bytes]).hexdigest()


def test_a_python_without_a_module_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    real = importlib.import_module

    def only_hashlib(name: str) -> Any:
        if name.startswith("_sha"):
            raise ImportError(name)
        return real(name)

    monkeypatch.setattr(importlib, "import_module", only_hashlib)
    assert digest._find_sha256() is hashlib.sha256
