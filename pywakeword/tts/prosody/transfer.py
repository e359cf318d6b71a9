"""One person's melody and rhythm in another's voice: the block `ProsodyTransfer`."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pywakeword.errors import BlockError, EmptyTextError, SpeechlessAudioError, TextMismatchError
from pywakeword.tts.addon.flite import FliteVoice
from pywakeword.tts.blocks.base import Frames, FrameStream, StreamableBlock, Tensors
from pywakeword.tts.blocks.network import MASK, Network
from pywakeword.tts.blocks.prosody import REFERENCE
from pywakeword.tts.blocks.registry import registry
from pywakeword.tts.blocks.resources import Fields, Resources
from pywakeword.tts.blocks.upsampler import Upsampler
from pywakeword.tts.recording.acoustic_frames import FRAME_RATE_HZ, FRAME_WIDTH, acoustic_frames
from pywakeword.tts.recording.alignment import Aligner, Alignment

REFERENCE_DURATIONS = "reference_durations"
_PIECE_FRAMES = 64
_MOST_FRAMES = 1 << 20
_LEAST_VOICED_FRAMES = 8  # 0.1 s
# A text that is not the recording's makes the aligner hurry through its phones and fit badly.
# Chosen on 68 recordings of nine learners of English: 2 of them were refused with their own
# text, 5 taken with another's. On other speakers: docs/prosody_transfer.md.
_MOST_HURRIED = 0.25
_LEAST_SCORE = -3500.0


@dataclass(frozen=True)
class ProsodyReference:
    """A recording whose prosody is wanted, with the place of each phone.

    Attributes
    ----------
    symbols : tuple of str
        Its phones, with the pauses that were made.
    durations : (n_symbols,) ndarray of int64
        Frames of each.
    frames : (n_frames, FRAME_WIDTH) ndarray of float32
        Acoustic frames.
    """

    symbols: tuple[str, ...]
    durations: npt.NDArray[np.int64]
    frames: Frames

    @classmethod
    def from_recording(cls, pcm: npt.NDArray[np.int16], text: str) -> ProsodyReference:
        """Find the phones of `text` in a recording.

        Parameters
        ----------
        pcm : (n_samples,) ndarray of int16
            Mono at 16 kHz.
        text : str
            What is said in it, in American English.

        Raises
        ------
        EmptyTextError
            If the text has no word.
        SpeechlessAudioError
            If nothing in the recording is voiced.
        TextMismatchError
            If the recording does not hold the text.
        PhonesError, MissingExtraError
            If flite or pocketsphinx is not installed.
        """
        if pcm.ndim != 1 or pcm.dtype != np.int16:
            raise TypeError(f"pcm must be 1-D int16, got {pcm.dtype} of shape {pcm.shape}")
        words = spoken_words(text)
        frames = acoustic_frames(pcm.astype(np.float32) / np.float32(32768))
        if not np.any(pcm) or frames[:, -1].sum() < _LEAST_VOICED_FRAMES:
            raise SpeechlessAudioError("the recording holds no speech")
        aligner = Aligner()
        found = aligner.align(pcm, words)
        if not fits(found):
            raise TextMismatchError(
                "the recording does not seem to hold the text that was given for it"
            )
        durations = aligner.frames_of(found, len(frames), FRAME_RATE_HZ)
        return cls(found.symbols, durations, frames)

    def tensors(self) -> dict[str, npt.NDArray[np.generic]]:
        """Return what the block `ProsodyTransfer` looks for."""
        return {REFERENCE: self.frames, REFERENCE_DURATIONS: self.durations}

    def check_text(self, text: str, pause: str) -> None:
        """Raise TextMismatchError unless `text` is pronounced as the recording's text."""
        wanted = tuple(phone for word in spoken_words(text) for phone in word)
        if wanted != tuple(symbol for symbol in self.symbols if symbol != pause):
            raise TextMismatchError(
                "prosody is transferred phone by phone: the text must be what the recording says"
            )


def spoken_words(text: str) -> list[tuple[str, ...]]:
    """Return the phones of each word, as flite pronounces it.

    Raises
    ------
    EmptyTextError
        If there is no word.
    """
    if not re.search(r"\w", text):
        raise EmptyTextError("the text has no word")
    words = [word for word in FliteVoice("kal16").speak(text).by_word() if word]
    if not words:
        raise EmptyTextError("the text has no word")
    return words


def fits(alignment: Alignment) -> bool:
    """Whether a recording seems to hold the text that was aligned with it."""
    return alignment.hurried <= _MOST_HURRIED and alignment.score >= _LEAST_SCORE


@registry.register("ProsodyTransfer")
class ProsodyTransfer(StreamableBlock):
    """Repeats encodings over frames, and tells each frame its prosody and whose voice it is.

    Given the tensors of a `ProsodyReference`, phones last as long as in the reference, and
    its network hears the reference and says the prosody. Without them, `durations` hold, and
    the prosody is the mean one, a code of zeros. Without a network it is an `Upsampler` that
    takes the reference's durations; a `ContourTransfer` behind the decoder adds the melody.

    Parameters
    ----------
    encoded_width : int
        Width of the tensor `encoded`.
    network : Network, optional
        The reference encoder: `reference`, `upsampled` in, `code` out, all by the frame.
    speaker : sequence of float
        The vector of the voice that speaks, behind the code.
    """

    optional_inputs = (REFERENCE, REFERENCE_DURATIONS)

    def __init__(
        self,
        encoded_width: int,
        network: Network | None = None,
        speaker: Sequence[float] = (),
    ) -> None:
        self._upsampler = Upsampler(encoded_width)
        self.sequence_inputs = self._upsampler.sequence_inputs
        self.network = network
        self.code_width = 0 if network is None else self._checked_width(network)
        self.speaker = np.array(speaker, np.float32)
        self.width = self._upsampler.width + self.code_width + len(self.speaker)

    def _checked_width(self, network: Network) -> int:
        inputs = {n: s for n, s in network.spec.inputs.items() if n != MASK}
        axis, outputs = network.spec.axis, network.spec.outputs
        wanted = {REFERENCE: (axis, FRAME_WIDTH), "upsampled": (axis, self._upsampler.width)}
        shape = outputs.get("code", ())
        if inputs != wanted or len(outputs) != 1 or len(shape) != 2 or shape[0] != axis:
            raise ValueError(
                f"{network.spec.name} is no reference encoder: its inputs are {inputs}, its "
                f"outputs {dict(outputs)}"
            )
        return int(shape[1])

    @classmethod
    def from_config(cls, fields: Fields, resources: Resources) -> ProsodyTransfer:
        """Take the network that `network` names, if it names one, and the list `speaker`."""
        network = None
        if "network" in fields:
            network = resources.network(fields.string("network"), fields.at("network"))
        speaker = fields.get("speaker", (list,), "a list of numbers", [])
        if not all(type(value) in (int, float) and abs(value) < 1e6 for value in speaker):
            raise ValueError("speaker must be a list of finite numbers")
        return cls(resources.output_width("encoded", fields.path), network, speaker)

    def link(self, upstream_width: int | None) -> int:
        """Begin a stream."""
        if upstream_width is not None:
            raise ValueError("a ProsodyTransfer pulls from no other block; it must come first")
        return self.width

    def open(self, tensors: Tensors, upstream: FrameStream | None) -> FrameStream:
        """Hear the reference, if there is one."""
        no_code = np.zeros((0, self.code_width), np.float32)
        if REFERENCE not in tensors:
            return _TransferStream(self._upsampler.open(tensors, None), no_code, self)
        reference, durations = tensors[REFERENCE], tensors.get(REFERENCE_DURATIONS)
        if durations is None or int(durations.sum()) != len(reference):
            raise BlockError(f"{REFERENCE} and {REFERENCE_DURATIONS} are not of one length")
        known = {"encoded": tensors["encoded"], "durations": durations}
        if self.network is None:
            return _TransferStream(self._upsampler.open(known, None), no_code, self)
        with self._upsampler.open(known, None) as stream:
            upsampled = stream.pull(_MOST_FRAMES)
        code = self.network.run({REFERENCE: reference, "upsampled": upsampled})["code"]
        return _TransferStream(self._upsampler.open(known, None), code, self)


class _TransferStream(FrameStream):
    def __init__(self, upsampled: FrameStream, code: Frames, block: ProsodyTransfer) -> None:
        super().__init__(block.width, upsampled)
        self._upsampled = upsampled
        self._code = code
        self._code_width = block.code_width
        self._speaker = block.speaker
        self._done = 0

    def produce(self) -> Frames | None:
        """Put code and speaker behind the next frames."""
        rows = self._upsampled.pull(_PIECE_FRAMES)
        if not len(rows):
            return None
        code = np.zeros((len(rows), self._code_width), np.float32)
        known = self._code[self._done : self._done + len(rows)]
        code[: len(known)] = known
        self._done += len(rows)
        speaker = np.broadcast_to(self._speaker, (len(rows), len(self._speaker)))
        return np.concatenate([rows, code, speaker], axis=1)
