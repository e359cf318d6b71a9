"""The block `ProsodyTransfer`: the melody and rhythm of a recording in another voice."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from pywakeword._fields import Fields
from pywakeword.errors import BlockError
from pywakeword.tts.blocks.base import Frames, FrameStream, StreamableBlock, Tensors
from pywakeword.tts.blocks.network import MASK, Network
from pywakeword.tts.blocks.registry import registry
from pywakeword.tts.blocks.resources import Resources
from pywakeword.tts.blocks.upsampler import Upsampler
from pywakeword.tts.prosody.reference import REFERENCE, REFERENCE_DURATIONS
from pywakeword.tts.recording.acoustic_frames import FRAME_WIDTH

_PIECE_FRAMES = 64
_MOST_FRAMES = 1 << 20


@registry.register("ProsodyTransfer")
class ProsodyTransfer(StreamableBlock):
    """Repeats encodings over frames, and appends a prosody code and a speaker vector.

    With the tensors of a `ProsodyReference`, phones last as long as in the reference, and the
    network encodes its prosody. Without them, phones last `durations` frames and the code is
    zero, the mean prosody. Without a network, the block only takes over the reference's
    durations; a `ContourTransfer` after the decoder adds the melody.

    Parameters
    ----------
    encoded_width : int
        Width of the tensor `encoded`.
    network : Network, optional
        The reference encoder: inputs `reference` and `upsampled`, output `code`, one row per
        frame.
    speaker : sequence of float
        Vector of the voice that speaks; appended after the code.
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
        """Read the optional fields `network` and `speaker`."""
        network = None
        if "network" in fields:
            network = resources.network(fields.string("network"), fields.at("network"))
        speaker = fields.get("speaker", (list,), "a list of numbers", [])
        if not all(type(value) in (int, float) and abs(value) < 1e6 for value in speaker):
            raise ValueError("speaker must be a list of finite numbers")
        return cls(resources.output_width("encoded", fields.path), network, speaker)

    def link(self, upstream_width: int | None) -> int:
        """Refuse an upstream: the block begins a stream."""
        if upstream_width is not None:
            raise ValueError("a ProsodyTransfer pulls from no other block; it must come first")
        return self.width

    def open(self, tensors: Tensors, upstream: FrameStream | None) -> FrameStream:
        """Encode the reference, if there is one."""
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
        """Append code and speaker to the next frames."""
        rows = self._upsampled.pull(_PIECE_FRAMES)
        if not len(rows):
            return None
        code = np.zeros((len(rows), self._code_width), np.float32)
        known = self._code[self._done : self._done + len(rows)]
        code[: len(known)] = known
        self._done += len(rows)
        speaker = np.broadcast_to(self._speaker, (len(rows), len(self._speaker)))
        return np.concatenate([rows, code, speaker], axis=1)
