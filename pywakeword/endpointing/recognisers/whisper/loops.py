"""Whisper's loops: a sentence that it writes again and again."""

from __future__ import annotations

import re


def without_loops(text: str) -> str:
    """Cut a text off before it repeats itself.

    Three or more words that come twice in a row up to the end are one sentence written twice;
    one or two words, as in a telephone number, must come five times.
    """
    words = text.split()
    keys = [re.sub(r"[^\w']", "", word.lower()) for word in words]
    for start in range(len(words)):
        rest = keys[start:]
        for period in range(1, len(rest) // 2 + 1):
            least = 2 if period >= 3 else 5
            repeats = [rest[i] == rest[i % period] for i in range(len(rest))]
            # The last word may be cut off, where the number of tokens ended.
            repeats[-1] = rest[(len(rest) - 1) % period].startswith(rest[-1])
            if len(rest) >= period * least and all(repeats):
                return " ".join(words[: start + period])
    return " ".join(words)
