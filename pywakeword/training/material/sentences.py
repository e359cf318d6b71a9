"""Text to speak: sentences of the treebank in the data folder."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np


def treebank_sentences(data: Path, rng: np.random.Generator, count: int) -> list[str]:
    """Sentences of the treebank, four to twenty words."""
    text = "\n".join(p.read_text(encoding="utf-8") for p in sorted((data / "trees").glob("*.ptb")))
    found = []
    for tree in text.split("\n\n"):
        tokens = re.findall(r"\(\S+ ([^\s()]+)\)", tree)
        if 4 <= len(tokens) <= 20:
            found.append(" ".join(t for t in tokens if not t.startswith("-")))
    return [found[i] for i in rng.permutation(len(found))[:count]]
