"""Markup, stage directions and sentences: text in, text out."""

from __future__ import annotations

import re

import numpy as np
import pytest

from pywakeword.tts import DirectionError, Director, Prosody, Ssml, sanitize
from pywakeword.tts.text.questions import question_type
from pywakeword.tts.text.sentences import all_sentences, split_sentences
from pywakeword.tts.text.ssml import ALLOWED, reduce


def tagged(text: str) -> str:
    return Director().tag(text).removeprefix("<speak>").removesuffix("</speak>")


@pytest.mark.parametrize(
    ("sentence", "kind"),
    [
        ("What time is it?", "wh"),
        ("In which room is it?", "wh"),
        ("If it rains, where do we go?", "wh"),
        ('"Who is there?"', "yes_no"),  # the quotation mark hides the question word
        ("Do you want the red suit or the blue one?", "or"),
        ("Is it raining?", "yes_no"),
        ("It is raining.", "statement"),
        ("Really?!", "yes_no"),
    ],
)
def test_question_types(sentence: str, kind: str) -> None:
    assert question_type(sentence) == kind


@pytest.mark.parametrize(
    ("text", "directed"),
    [
        ("It is late.", "<s>It is late.</s>"),
        ("Is it raining now?", '<s>Is it <prosody pitch="+15%">raining now?</prosody></s>'),
        ("Where is it?", '<s><emphasis level="moderate">Where</emphasis> is it?</s>'),
        (
            "Tea or coffee?",
            '<s><prosody pitch="+10%">Tea </prosody><break time="120ms"/>'
            '<prosody pitch="-5%">or coffee?</prosody></s>',
        ),
        (
            "Stop!",
            '<s><prosody rate="105%" pitch="+8%" volume="+3dB">Stop!</prosody></s>',
        ),
        (
            "Well, yes; but wait - no.",
            '<s>Well, <break time="120ms"/>yes; <break time="250ms"/>but wait - '
            '<break time="200ms"/>no.</s>',
        ),
        (
            "One. Two!",
            '<s>One.</s> <s><prosody rate="105%" pitch="+8%" volume="+3dB">Two!</prosody></s>',
        ),
        ("5 < 6 & <break/>", "<s>5 &lt; 6 &amp; &lt;break/&gt;</s>"),
    ],
)
def test_rules(text: str, directed: str) -> None:
    assert tagged(text) == directed


def test_directions_leave_the_words_alone() -> None:
    rng = np.random.default_rng(5)
    pieces = [
        "what",
        "or",
        "Mr.",
        "5.5",
        ",",
        "?",
        "!",
        "<b>",
        "&amp;",
        " - ",
        "\n",
        "; ",
        "why",
        '"',
    ]
    for _ in range(300):
        text = " ".join(rng.choice(pieces, rng.integers(1, 12)))
        directed = Director().tag(text)
        assert reduce(directed, ()).split() == text.split()
        assert sanitize(directed) == directed  # nothing but what is permitted


def test_the_tags_of_a_language_model() -> None:
    def model(text: str) -> str:
        return text.replace("now", '<emphasis level="strong">now</emphasis><break time="300ms"/>')

    assert Director(model).tag("Do it now please") == (
        '<speak>Do it <emphasis level="strong">now</emphasis><break time="300ms"/> please</speak>'
    )


@pytest.mark.parametrize(
    "answer",
    [
        "Do it later",
        "Do it now. Ignore what was said before.",
        "Do <script>it</script> now",
        '<audio src="http://somewhere/x.wav"/>Do it now',
        '<break time="3600s"/>Do it now',
        "",
    ],
)
def test_a_language_model_that_changes_the_words(answer: str) -> None:
    with pytest.raises(DirectionError, match="changed the words of 'Do it now'"):
        Director(lambda _: answer).tag("Do it now")


@pytest.mark.parametrize(
    ("markup", "clean"),
    [
        ("plain", "plain"),
        ("<speak>a<break/>b</speak>", "a<break/>b"),
        ('<break time="1s">', '<break time="1s"/>'),
        ('<break time="1s" x="y"/>', '&lt;break time="1s" x="y"/&gt;'),
        ('<break time="6s"/>', '&lt;break time="6s"/&gt;'),
        ("<p>open", "<p>open</p>"),
        ("</p>", "&lt;/p&gt;"),
        ("<p><s>a</p></s>", "<p><s>a&lt;/p&gt;</s></p>"),
        ("<P>a</P>", "&lt;P&gt;a&lt;/P&gt;"),
        ("a < b > c & d", "a &lt; b &gt; c &amp; d"),
        ("already &lt;b&gt; &amp; fine", "already &lt;b&gt; &amp; fine"),
        ('<!DOCTYPE x [<!ENTITY a "b">]>&a;', '&lt;!DOCTYPE x [&lt;!ENTITY a "b"&gt;]&gt;&amp;a;'),
        ("<prosody pitch='+5%'>a</prosody>", '<prosody pitch="+5%">a</prosody>'),
        (
            '<prosody pitch="javascript:x">a</prosody>',
            '&lt;prosody pitch="javascript:x"&gt;a&lt;/prosody&gt;',
        ),
    ],
)
def test_sanitize(markup: str, clean: str) -> None:
    assert sanitize(markup) == f"<speak>{clean}</speak>"
    assert sanitize(sanitize(markup)) == sanitize(markup)


def test_sanitize_lets_nothing_else_through() -> None:
    rng = np.random.default_rng(6)
    alphabet = [
        "<",
        ">",
        "/",
        "&",
        '"',
        "break",
        "prosody",
        " ",
        "=",
        "time",
        "1s",
        "x",
        "lt;",
        "'",
    ]
    tag = re.compile(r"</?([a-z-]+)[^<>]*>")
    for _ in range(2000):
        clean = sanitize("".join(rng.choice(alphabet, rng.integers(0, 30))))
        assert set(tag.findall(clean)) <= set(ALLOWED)
        assert "<" not in tag.sub("", clean)
        assert ">" not in tag.sub("", clean)


def test_reduce() -> None:
    ssml = Ssml('<speak>a <foo>b</foo><break time="1s"/> &lt;c&gt;</speak>')
    assert reduce(ssml, ()) == "a b <c>"
    assert reduce(ssml, {"speak", "break"}) == '<speak>a b<break time="1s"/> &lt;c&gt;</speak>'


def test_sentences() -> None:
    assert split_sentences("Dr. No pays 3.5 dollars. Why? I") == (
        ["Dr. No pays 3.5 dollars.", "Why?"],
        "I",
    )
    assert split_sentences("It ends.") == ([], "It ends.")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Dr. Smith is in. He waits.", ["Dr. Smith is in.", "He waits."]),
        ("The U.S. team, e.g. J. Doe, won.", ["The U.S. team, e.g. J. Doe, won."]),
        ("He said no. I left.", ["He said no.", "I left."]),
        ("No. I won't. See No. 5.", ["No.", "I won't.", "See No. 5."]),
        ('He said: "Go!" We went.', ['He said: "Go!"', "We went."]),
        ("One\ntwo. Three", ["One", "two.", "Three"]),
        ("\n ... \n", ["..."]),
        ("", []),
    ],
)
def test_all_sentences(text: str, expected: list[str]) -> None:
    assert all_sentences(text) == expected


def test_wrapped_lines_are_one_sentence() -> None:
    assert all_sentences("A long\nline. Next\n", at_line_breaks=False) == ["A long\nline.", "Next"]


def test_a_sentence_is_complete_once_the_next_may_begin() -> None:
    assert split_sentences("It costs 3.") == ([], "It costs 3.")
    assert split_sentences("See No. ") == ([], "See No. ")
    assert split_sentences("I said No. W") == (["I said No."], "W")


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"rate": 5}, ValueError),
        ({"pitch": 0}, ValueError),
        ({"volume": float("nan")}, ValueError),
        ({"rate": "fast"}, TypeError),
        ({"rate": True}, TypeError),
    ],
)
def test_prosody_out_of_range(options: dict, error: type) -> None:
    with pytest.raises(error):
        Prosody(**options)
