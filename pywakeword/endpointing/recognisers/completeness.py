"""Whether a text reads like a complete sentence, by its last word and its punctuation."""

from __future__ import annotations

import re

# Words that an English command or question rarely ends with.
_DANGLING = re.compile(
    r"\b(?:a|an|the|my|your|his|her|our|their|its|these|to|for|of|at|by|with|from|into|about|and|"
    r"or|but|than|because|if|set|add|remind|is|are|was|were|be|will|would|could|should|can|"
    r"i'm|it's|what's|let's|please|some|every|on|in|next|who|what)$"
)
# "turn it on" and "what is that" end with words that others do not end with.
_ENDINGS = re.compile(
    r"\b(?:turn|switch|put|go|come|log|carry|hold|move)\b.*\b(?:on|in)$"
    r"|\b(?:what|who|where) (?:is|are) (?:this|that|these)$"
)
_NOTHING, _OPEN, _UNSURE, _COMPLETE = 0.05, 0.1, 0.3, 0.8


def completeness(text: str) -> float:
    """Return a rough posterior, 0 to 1, that the sentence is complete.

    These are not measured probabilities: 0.05 for no words, 0.1 after a word that does not
    end a sentence, 0.3 after a dash, a comma or dots, 0.8 otherwise.
    """
    words = " ".join(re.findall(r"[\w']+", text.lower()))
    if not words:
        return _NOTHING
    if _DANGLING.search(words) and not _ENDINGS.search(words):
        return _OPEN
    if text.rstrip().endswith(("...", "…", "-", ",", ":")):
        return _UNSURE
    return _COMPLETE
