"""The tokens of the recogniser: a blank, the phones of US English, and the end."""

from __future__ import annotations

_SPELLED = """
    AA AE AH AO AW AY B CH D DH EH ER EY F G HH IH IY JH K L M N NG OW OY P R S SH T TH UH UW
    V W Y Z ZH
"""
PHONES = tuple(_SPELLED.split())
EOS = "<eos>"
# Both the tokens of CTC and the labels of frames. As a label, the blank is silence inside the
# utterance, and <eos> the silence after it.
TOKENS = ("<blank>", *PHONES, EOS)
