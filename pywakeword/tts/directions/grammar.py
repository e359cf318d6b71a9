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
_SHORT = re.compile(r"<(/?)([a-z]+)(/?)>")


def grammar(text: str) -> str:
    """Return the GBNF grammar of one text; each sentence can have one tag around it."""
    rules, root = [], []
    for number, sentence in enumerate(all_sentences(text)):
        words = sentence.split()
        body = [f"w{number}x{place}" for place in range(len(words))]
        rules.append(f"b{number} ::= " + " gap ".join(body))
        rules += [
            f"{name} ::= {_quoted(word)} | {_quoted(f'<em>{word}</em>')}"
            for name, word in zip(body, words)
        ]
        choices = [f"b{number}"]
        choices += [f'"<{tag}>" b{number} "</{tag}>"' for tag in AROUND]
        rules.append(f"s{number} ::= " + " | ".join(choices))
        root.append(f"s{number}")
    gaps = [f'" <{tag}/> "' for tag in BETWEEN]
    rules.append(f"gap ::= {' | '.join([_quoted(' '), *gaps])}")
    return "\n".join([f"root ::= {' gap '.join(root)}", *rules]) + "\n"


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
