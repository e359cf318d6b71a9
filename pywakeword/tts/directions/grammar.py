"""The grammar of a text with stage directions: its own words, and whitelisted tags.

A language model that writes by this grammar (GBNF, as llama.cpp reads it) cannot change, add or
leave out a word, and cannot write any other tag.
"""

from __future__ import annotations

import re

from pywakeword.tts.directions.tags import EMOTIONS, PACES
from pywakeword.tts.text.sentences import all_sentences
from pywakeword.tts.text.ssml import Ssml, escape, sanitize

# Short tags, which a small model writes more easily, and what they stand for.
AROUND = {
    **{name: ("emotion", f'<emotion name="{name}">') for name in EMOTIONS},
    **{name: ("pace", f'<pace name="{name}">') for name in PACES},
    "whisper": ("whisper", "<whisper>"),
}
BETWEEN = {"pause": '<break time="400ms"/>', "laugh": "<laugh/>"}
_PUNCTUATION = frozenset(".,;:!?\u2026\u2014")
_SHORT = re.compile(r"<(/?)([a-z]+)(/?)>")


def grammar(text: str) -> str:
    """Return the GBNF grammar of one text.

    Each sentence can have one tag around it and one emphasised word. A pause or a laugh can
    follow a punctuation mark.
    """
    rules, root = [], []
    sentences = [sentence.split() for sentence in all_sentences(text)]
    for number, words in enumerate(sentences):
        # p: no word is emphasised yet; q: one is.
        for place, word in enumerate(words):
            q, p = f"q{number}x{place + 1}", f"p{number}x{place + 1}"
            gap = " mark " if word[-1] in _PUNCTUATION else ' " " '
            after_q, after_p = (gap + q, gap + p) if place + 1 < len(words) else ("", "")
            plain, emphasised = _quoted(word), _quoted(f"<em>{word}</em>")
            rules.append(f"q{number}x{place} ::= {plain}{after_q}")
            rules.append(f"p{number}x{place} ::= {plain}{after_p} | {emphasised}{after_q}")
        body = f"p{number}x0"
        around = [f'"<{tag}>" {body} "</{tag}>"' for tag in AROUND]
        rules.append(f"s{number} ::= " + " | ".join([body, *around]))
        root.append(f"s{number}")
    marks = " | ".join(['" "', *(f'" <{tag}/> "' for tag in BETWEEN)])
    return "\n".join([f"root ::= {' mark '.join(root)}", *rules, f"mark ::= {marks}"]) + "\n"


def to_ssml(tagged: str) -> Ssml:
    """Return a text with short tags as SSML; anything else in it is text."""
    parts, position = [], 0
    for tag in _SHORT.finditer(tagged):
        parts.append(escape(tagged[position : tag.start()]))
        position = tag.end()
        parts.append(_long(tag))
    parts.append(escape(tagged[position:]))
    return sanitize("".join(parts))


def _long(tag: re.Match[str]) -> str:
    is_end, name, is_empty = bool(tag[1]), tag[2], bool(tag[3])
    if is_empty and name in BETWEEN:
        return BETWEEN[name]
    if name == "em":
        return "</emphasis>" if is_end else '<emphasis level="moderate">'
    if name in AROUND:
        element, opening = AROUND[name]
        return f"</{element}>" if is_end else opening
    return escape(tag[0])


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
