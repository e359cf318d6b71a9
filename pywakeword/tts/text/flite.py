"""Text analysis and speech of flite, through its C library.

Starting the program for each text would take longer than the analysis.
"""

from __future__ import annotations

import ctypes
import threading
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from pywakeword.errors import PhonesError

# flite returns "0" if an item does not exist.
_NO_ITEM = b"0"
_WORD = b"R:SylStructure.parent.parent.name"
_TOKEN_END = b"R:SylStructure.parent.parent.R:Token.parent.file_pos"
_NEXT_IN_SYLLABLE = b"R:SylStructure.n.name"
_NEXT_SYLLABLE = b"R:SylStructure.parent.R:SylStructure.n.name"

# flite's lexicon and letter-to-sound rules have global state.
_lock = threading.Lock()


class _Wave(ctypes.Structure):
    _fields_ = (
        ("type", ctypes.c_char_p),
        ("sample_rate", ctypes.c_int),
        ("num_samples", ctypes.c_int),
        ("num_channels", ctypes.c_int),
        ("samples", ctypes.POINTER(ctypes.c_short)),
    )


_SIGNATURES: dict[str, tuple[Any, tuple[Any, ...]]] = {
    "flite_init": (ctypes.c_int, ()),
    "flite_synth_text": (ctypes.c_void_p, (ctypes.c_char_p, ctypes.c_void_p)),
    "utt_relation": (ctypes.c_void_p, (ctypes.c_void_p, ctypes.c_char_p)),
    "relation_head": (ctypes.c_void_p, (ctypes.c_void_p,)),
    "item_next": (ctypes.c_void_p, (ctypes.c_void_p,)),
    "item_feat_string": (ctypes.c_char_p, (ctypes.c_void_p, ctypes.c_char_p)),
    "item_feat_float": (ctypes.c_float, (ctypes.c_void_p, ctypes.c_char_p)),
    "ffeature_string": (ctypes.c_char_p, (ctypes.c_void_p, ctypes.c_char_p)),
    "ffeature_int": (ctypes.c_int, (ctypes.c_void_p, ctypes.c_char_p)),
    "utt_wave": (ctypes.POINTER(_Wave), (ctypes.c_void_p,)),
    "delete_utterance": (None, (ctypes.c_void_p,)),
}


@dataclass(frozen=True)
class FliteSpeech:
    """Phones of a text, the end of each, and mono audio.

    `words` has the index of each phone's word, -1 for pauses. `places` has the byte of the text
    where that word ends, just before the next one; 0 for pauses.
    """

    phones: tuple[str, ...]
    words: tuple[int, ...]
    places: tuple[int, ...]
    ends_s: tuple[float, ...]
    pcm: npt.NDArray[np.int16]
    sample_rate_hz: int

    def by_word(self) -> list[tuple[str, ...]]:
        """Return the phones of each word, without the pauses."""
        return [
            tuple(p for p, word in zip(self.phones, self.words) if word == wanted)
            for wanted in range(max(self.words, default=-1) + 1)
        ]


class FliteVoice:
    """A voice of flite: kal16 has the fastest analysis, slt and rms the best sound.

    Raises
    ------
    PhonesError
        If flite or the voice is not installed.
    """

    def __init__(self, name: str = "kal16") -> None:
        self.name = name
        try:
            library = ctypes.CDLL("libflite.so.1", mode=ctypes.RTLD_GLOBAL)
            for language in ("usenglish", "cmulex"):
                ctypes.CDLL(f"libflite_{language}.so.1", mode=ctypes.RTLD_GLOBAL)
            register = ctypes.CDLL(f"libflite_cmu_us_{name}.so.1")[f"register_cmu_us_{name}"]
        except (OSError, AttributeError) as error:
            raise PhonesError(
                f"flite's voice {name} cannot be loaded (Debian package: libflite1): {error}"
            ) from None
        self._functions: dict[str, Any] = {}
        for function, (result, arguments) in _SIGNATURES.items():
            self._functions[function] = library[function]
            self._functions[function].restype = result
            self._functions[function].argtypes = arguments
        register.argtypes, register.restype = (ctypes.c_char_p,), ctypes.c_void_p
        with _lock:
            self._functions["flite_init"]()
            self._voice = register(None)

    def speak(self, text: str) -> FliteSpeech:
        """Analyse and speak a text.

        Raises
        ------
        PhonesError
            If flite cannot analyse the text, or the text has a NUL character.
        """
        call = self._functions
        if "\0" in text:
            raise PhonesError("the text holds a NUL character")
        with _lock:
            utterance = call["flite_synth_text"](text.encode(), self._voice)
            if not utterance:
                raise PhonesError(f"flite cannot analyse {text!r}")
            try:
                phones, words, places, ends, word = [], [], [], [], 0
                item = call["relation_head"](call["utt_relation"](utterance, b"Segment"))
                while item:
                    phones.append(call["item_feat_string"](item, b"name").decode())
                    ends.append(float(call["item_feat_float"](item, b"end")))
                    look = call["ffeature_string"]
                    places.append(call["ffeature_int"](item, _TOKEN_END))
                    words.append(-1 if look(item, _WORD) == _NO_ITEM else word)
                    word += words[-1] == word and (
                        look(item, _NEXT_IN_SYLLABLE) == look(item, _NEXT_SYLLABLE) == _NO_ITEM
                    )
                    item = call["item_next"](item)
                wave = call["utt_wave"](utterance).contents
                pcm = np.ctypeslib.as_array(wave.samples, (wave.num_samples,)).copy()
                return FliteSpeech(
                    tuple(phones), tuple(words), tuple(places), tuple(ends), pcm, wave.sample_rate
                )
            finally:
                call["delete_utterance"](utterance)
