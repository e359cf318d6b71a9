"""Untrusted SSML: only permitted elements and attributes stay markup.

Uses a small tokenizer instead of an XML parser. So no entities are expanded, and malformed input is
not an error: everything but permitted tags is text.
"""

from __future__ import annotations

import html
import re
from collections.abc import Collection

# Permitted attributes of each element, with patterns of their values.
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
    # Not of SSML, but of this package: `pywakeword.tts.directions`.
    "emotion": {"name": "happy|excited|sad|calm|serious"},
    "pace": {"name": "slow|fast"},
    "whisper": {},
    "laugh": {},
    "say-as": {"interpret-as": "characters|spell-out|cardinal|ordinal|digits|date|time|telephone"},
}
_EMPTY_ELEMENTS = ("break", "laugh")
_REQUIRED = {"emotion": "name", "pace": "name"}
LONGEST_BREAK_MS = 5000

_TAG = re.compile(r"<(/?)([a-z][a-z-]*)((?:\s+[a-z-]+\s*=\s*(?:\"[^\"<>]*\"|'[^'<>]*'))*)\s*(/?)>")
_ATTRIBUTE = re.compile(r"([a-z-]+)\s*=\s*(?:\"([^\"]*)\"|'([^']*)')")
_ANY_TAG = re.compile(r"<[^<>]*>")


class Ssml(str):
    """Text with speech markup, in one `<speak>` element.

    A plain `str` is always plain text; this type marks markup. Create it from your own markup
    only, and use `sanitize` for any other.
    """

    __slots__ = ()


def escape(text: str) -> str:
    """Return SSML that speaks exactly `text`."""
    return html.escape(text, quote=False)


def sanitize(markup: str) -> Ssml:
    """Keep permitted tags with permitted attributes and escape everything else.

    Unclosed tags are closed at the end; closing tags without an opening tag are text. The
    result has exactly one `<speak>`, around everything.

    Parameters
    ----------
    markup : str
        From any source.

    Returns
    -------
    Ssml
        Well-formed, with only the elements and values of `ALLOWED`.
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
    """Remove the tags of all other elements, but keep their content.

    Without elements the result is plain text, otherwise SSML.
    """
    if not elements:
        return html.unescape(_ANY_TAG.sub("", ssml)).strip()

    def keep(match: re.Match[str]) -> str:
        name = re.match(r"</?\s*([\w-]+)", match[0])
        return match[0] if name is not None and name[1] in elements else ""

    return Ssml(_ANY_TAG.sub(keep, ssml))


def _as_text(text: str) -> str:
    # Do not escape twice.
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
    if forms is None or _REQUIRED.get(name, "") not in ("", *attributes):
        return False
    if any(
        key not in forms or not re.fullmatch(forms[key], value) for key, value in attributes.items()
    ):
        return False
    return _break_ms(attributes.get("time", "0ms")) <= LONGEST_BREAK_MS


def _break_ms(time: str) -> float:
    return float(time[:-2]) if time.endswith("ms") else 1000 * float(time[:-1])
