"""`Director`: marks up plain text with SSML before it is spoken."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeoutError
from dataclasses import dataclass

from pywakeword._checks import check_callable, check_timeout
from pywakeword.errors import PyWakewordError
from pywakeword.tts.text.questions import ALTERNATIVE, question_type, starts_with_question_word
from pywakeword.tts.text.sentences import all_sentences
from pywakeword.tts.text.ssml import Ssml, escape, reduce, sanitize

_CLAUSE_BREAK = re.compile(r"([,;:]|\s[-\u2013\u2014])(\s+)|([\u2014])(?=\w)")
_BREAK_MS = {",": 120, ";": 250, ":": 250}
_DASH_MS = 200


class DirectionError(PyWakewordError):
    """A tagger changed the words of the text."""


@dataclass(frozen=True)
class Direction:
    """A text with stage directions.

    Attributes
    ----------
    ssml : Ssml
        The text; its words are unchanged.
    by : {"model", "rules"}
        Who directed.
    reason : str
        Why the rules did instead of the tagger; empty otherwise.
    """

    ssml: Ssml
    by: str
    reason: str = ""


class Director:
    """Marks up plain text: by rules, or by a language model with the rules as fallback.

    The rules mark questions, exclamations, and breaks between clauses.

    Parameters
    ----------
    tagger : callable of str to str, optional
        Replaces the rules, for example a `LocalTagger`. Its answer is not trusted: only
        permitted tags stay markup (`sanitize`), and the words must be those of the text.
    deadline_s : float, optional
        How long `direct` waits for the tagger. None: as long as it takes.
    """

    def __init__(
        self, tagger: Callable[[str], str] | None = None, *, deadline_s: float | None = None
    ) -> None:
        if tagger is not None:
            check_callable("tagger", tagger)
        if deadline_s is not None:
            check_timeout("deadline_s", deadline_s)
        self._tagger = tagger
        self._deadline_s = deadline_s
        self._late: Future[Ssml] | None = None

    def tag(self, text: str) -> Ssml:
        """Return the text as SSML.

        Parameters
        ----------
        text : str
            Plain text. Tags in it are spoken, not obeyed.

        Returns
        -------
        Ssml
            One `<speak>` element of permitted tags.

        Raises
        ------
        DirectionError
            If the tagger changed the words.
        """
        return _by_rules(text) if self._tagger is None else _checked(self._tagger, text)

    def direct(self, text: str) -> Direction:
        """Return the text with directions, by the rules if the tagger fails or is late.

        A tagger that is late goes on in the background; until it has ended, the rules direct.
        """
        if self._tagger is None:
            return Direction(_by_rules(text), "rules")
        if self._late is not None and not self._late.done():
            return Direction(_by_rules(text), "rules", "the tagger is still busy")
        work: Future[Ssml] = Future()
        threading.Thread(target=_complete, args=(work, self._tagger, text), daemon=True).start()
        try:
            return Direction(work.result(self._deadline_s), "model")
        except FutureTimeoutError:
            self._late = work
            reason = f"the tagger took longer than {self._deadline_s:g} s"
            return Direction(_by_rules(text), "rules", reason)
        except Exception as error:
            return Direction(_by_rules(text), "rules", str(error) or repr(error))


def _by_rules(text: str) -> Ssml:
    marked = " ".join(f"<s>{_direct(s)}</s>" for s in all_sentences(text))
    return Ssml(f"<speak>{marked}</speak>")


def _checked(tagger: Callable[[str], str], text: str) -> Ssml:
    directed = sanitize(tagger(text))
    if _words(reduce(directed, ())) != _words(text):
        raise DirectionError(f"the tagger changed the words of {text!r}: {directed!r}")
    return directed


def _complete(work: Future[Ssml], tagger: Callable[[str], str], text: str) -> None:
    try:
        work.set_result(_checked(tagger, text))
    except BaseException as error:
        work.set_exception(error)


def _direct(sentence: str) -> str:
    kind = question_type(sentence)
    if kind == "yes_no":  # the voice rises on the last words
        return _prosody_on_last_words(sentence, 'pitch="+15%"')
    if kind == "or":  # up on the first alternative, down on the last
        before, after = _cut(sentence, list(ALTERNATIVE.finditer(sentence))[-1].start())
        return (
            f'<prosody pitch="+10%">{_breaks(before)}</prosody>'
            f'<break time="{_BREAK_MS[","]}ms"/>'
            f'<prosody pitch="-5%">{_breaks(after)}</prosody>'
        )
    if kind == "wh":  # the question word is stressed
        word, rest = _cut(sentence, _first_word_end(sentence))
        return f'<emphasis level="moderate">{_breaks(word)}</emphasis>{_breaks(rest)}'
    if re.search(r"![\"')\]!?]*$", sentence):
        return f'<prosody rate="105%" pitch="+8%" volume="+3dB">{_breaks(sentence)}</prosody>'
    return _breaks(sentence)


def _prosody_on_last_words(sentence: str, attributes: str) -> str:
    words = list(re.finditer(r"\S+", sentence))
    before, last = _cut(sentence, words[max(0, len(words) - 2)].start())
    return f"{_breaks(before)}<prosody {attributes}>{_breaks(last)}</prosody>"


def _first_word_end(sentence: str) -> int:
    match = starts_with_question_word(sentence)
    return len(sentence.split()[0]) if match is None else match.end()


def _cut(text: str, at: int) -> tuple[str, str]:
    return text[:at], text[at:]


def _breaks(text: str) -> str:
    """Escape the text and put a break after each clause."""
    parts = []
    begin = 0
    for match in _CLAUSE_BREAK.finditer(text):
        milliseconds = _BREAK_MS.get(match[1] or "", _DASH_MS)
        parts.append(f'{escape(text[begin : match.end()])}<break time="{milliseconds}ms"/>')
        begin = match.end()
    return "".join([*parts, escape(text[begin:])])


def _words(text: str) -> list[str]:
    return text.split()
