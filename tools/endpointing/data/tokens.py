"""The tokens of the recogniser: a blank, the phones of US English, and the end."""

from __future__ import annotations

from pywakeword.tts.recording.alignment import PHONES

EOS = "<eos>"
# Both the tokens of CTC and the labels of frames. As a label, the blank is silence inside the
# utterance, and <eos> the silence after it.
TOKENS = ("<blank>", *(phone.upper() for phone in PHONES), EOS)
