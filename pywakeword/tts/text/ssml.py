"""SSML that may come from anybody: only what is on the list stays markup.

A small tokenizer and no XML parser, so that there are no entities to expand and
nothing malformed to choke on: what is no permitted tag is text.
"""

from __future__ import annotations

import html
import re
from collections.abc import Collection

# Attributes that each element may have, with the form of their values.
_TIME = r"\d{1,4}(\.\d{1,3})?(ms|s)"
_LEVEL = r"x-low|low|medium|high|x-high|default"
_PERCENT = r"[+-]?\d{1,3}(\.\d{1,2})?%"
ALLOWED: dict[str, dict[str, str]] = {
    "speak": {},
    "p": {},
    "s": {},
    "break": {"time": _TIME, "strength": "none|x-weak|weak|medium|strong|x-strong"},
    "emphasis": {"level": "strong|moderate|none|reduced"},
    "prosody": {
        "rate": rf"x-slow|slow|medium|fast|x-fast|default|{_PERCENT}",
        "pitch": rf"{_LEVEL}|{_PERCENT}",
        "volume": r"silent|x-soft|soft|medium|loud|x-loud|default|[+-]\d{1,2}(\.\d)?dB",
    },
    "say-as": {"interpret-as": "characters|spell-out|cardinal|ordinal|digits|date|time|telephone"},
}
_EMPTY_ELEMENTS = ("break",)
LONGEST_BREAK_MS = 5000

_TAG = re.compile(r"<(/?)([a-z][a-z-]*)((?:\s+[a-z-]+\s*=\s*(?:\"[^\"<>]*\"|'[^'<>]*'))*)\s*(/?)>")
_ATTRIBUTE = re.compile(r"([a-z-]+)\s*=\s*(?:\"([^\"]*)\"|'([^']*)')")
_ANY_TAG = re.compile(r"<[^<>]*>")


class Ssml(str):
    """Text with speech markup, in one `<speak>` element.

    A plain `str` is always plain text, whatever it looks like; this type says that
    tags are meant. Make it of markup that you wrote, or by `sanitize` of any other.
    """

    __slots__ = ()


def escape(text: str) -> str:
    """Return `text` as SSML that says exactly it."""
    return html.escape(text, quote=False)


def sanitize(markup: str) -> Ssml:
    """Keep permitted tags with permitted attributes and escape everything else.

    Tags that are not closed are closed at the end; closing tags without an opening
    one are text. `<speak>` is added around the whole, and dropped inside.

    Parameters
    ----------
    markup : str
        Of any origin.

    Returns
    -------
    Ssml
        Well-formed; holds nothing but the elements and values of `ALLOWED`.
    """
    parts: list[str] = []
    open_elements: list[str] = []
    position = 0
    for match in _TAG.finditer(markup):
        parts.append(_as_text(markup[position : match.start()]))
        position = match.end()
        parts.append(_tag(match, open_elements))
    parts.append(_as_text(markup[position:]))
    parts += [f"</{name}>" for name in reversed(open_elements)]
    return Ssml(f"<speak>{''.join(parts)}</speak>")


def reduce(ssml: Ssml, elements: Collection[str]) -> str:
    """Drop the tags of all other elements; what they enclose stays.

    Without any element left the result is plain text, else SSML.
    """
    if not elements:
        return html.unescape(_ANY_TAG.sub("", ssml)).strip()

    def keep(match: re.Match[str]) -> str:
        name = re.match(r"</?\s*([\w-]+)", match[0])
        return match[0] if name is not None and name[1] in elements else ""

    return Ssml(_ANY_TAG.sub(keep, ssml))


def _as_text(text: str) -> str:
    # What is escaped already must not be escaped twice.
    return escape(html.unescape(text))


def _tag(match: re.Match[str], open_elements: list[str]) -> str:
    closing, name, raw_attributes, empty = match.groups()
    if name == "speak":
        return ""
    attributes = {
        key: double or single for key, double, single in _ATTRIBUTE.findall(raw_attributes)
    }
    if closing:
        if raw_attributes or empty or not open_elements or open_elements[-1] != name:
            return escape(match[0])
        open_elements.pop()
        return match[0]
    if not _is_allowed(name, attributes):
        return escape(match[0])
    written = "".join(f' {key}="{value}"' for key, value in attributes.items())
    if empty or name in _EMPTY_ELEMENTS:
        return f"<{name}{written}/>"
    open_elements.append(name)
    return f"<{name}{written}>"


def _is_allowed(name: str, attributes: dict[str, str]) -> bool:
    forms = ALLOWED.get(name)
    if forms is None:
        return False
    if any(
        key not in forms or not re.fullmatch(forms[key], value) for key, value in attributes.items()
    ):
        return False
    return _break_ms(attributes.get("time", "0ms")) <= LONGEST_BREAK_MS


def _break_ms(time: str) -> float:
    return float(time[:-2]) if time.endswith("ms") else 1000 * float(time[:-1])
