"""The block `Vocoder`: from acoustic frames to audio."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from pywakeword._fields import Fields
from pywakeword.tts.blocks.base import Frames, FrameStream, StreamableBlock, Tensors
from pywakeword.tts.blocks.decoders import PIECE_FRAMES, Decoder
from pywakeword.tts.blocks.network import Network, NetworkStream
from pywakeword.tts.blocks.registry import registry
from pywakeword.tts.blocks.resources import Resources
from pywakeword.tts.blocks.source_filter import (
    Excitation,
    OverlapAdd,
    SourceFilterShape,
    band_weights,
)


@registry.register("Vocoder")
class Vocoder(StreamableBlock):
    """A network for the gains of harmonics and noise, and a source-filter model.

    The last columns of an acoustic frame are log F0, in octaves above the reference, and
    voicing. The output frames are samples, of width 1.

    Parameters
    ----------
    network : Network
        Acoustic frames in, log gains of harmonics and of noise out.
    shape : SourceFilterShape
        Sizes for which it was trained.
    reference_hz : float
        F0 of zero octaves.
    seed : int
        Seed of the noise. The same text always gives the same audio.
    """

    def __init__(
        self,
        network: Network,
        shape: SourceFilterShape,
        *,
        reference_hz: float,
        piece_frames: int = PIECE_FRAMES,
        seed: int = 0,
    ) -> None:
        self._decoder = Decoder(network, piece_frames=piece_frames)
        if self._decoder.width != 2 * shape.n_bands:
            raise ValueError(
                f"{network.spec.name} makes {self._decoder.width} values per frame; "
                f"n_bands = {shape.n_bands} needs {2 * shape.n_bands}"
            )
        if not 2 * shape.hop_samples <= shape.n_fft:
            raise ValueError(f"n_fft = {shape.n_fft} is less than two hops")
        if reference_hz <= 0:
            raise ValueError(f"reference_hz must be positive, got {reference_hz}")
        self.shape = shape
        self.reference_hz = reference_hz
        self.seed = seed

    @classmethod
    def from_config(cls, fields: Fields, resources: Resources) -> Vocoder:
        """Look up the network, default `vocoder`, and read the sizes from `acoustics`."""
        name = fields.string("network", "vocoder")
        acoustics = resources.acoustics
        shape = SourceFilterShape(
            sample_rate_hz=acoustics.integer("sample_rate_hz", low=8000, high=48_000),
            hop_samples=acoustics.integer("hop_samples", low=16, high=4096),
            n_fft=acoustics.integer("n_fft", low=32, high=8192),
            n_bands=acoustics.integer("n_bands", low=2, high=1024),
        )
        return cls(
            resources.network(name, fields.at("network")),
            shape,
            reference_hz=acoustics.number("reference_hz"),
            piece_frames=fields.integer("piece_frames", PIECE_FRAMES, low=1, high=4096),
            seed=fields.integer("seed", 0, low=0, high=2**31),
        )

    def link(self, upstream_width: int | None) -> int:
        """Require acoustic frames; the output has width 1."""
        self._decoder.link(upstream_width)
        return 1

    def open(self, tensors: Tensors, upstream: FrameStream | None) -> FrameStream:
        """Start with silence before the first frame."""
        decoder = self._decoder
        gains = NetworkStream(
            decoder.network, upstream, piece_frames=decoder.piece_frames, keep_input=True
        )
        return _VocoderStream(self, gains, decoder.piece_frames)


class _VocoderStream(FrameStream):
    def __init__(self, vocoder: Vocoder, frames: FrameStream, piece_frames: int) -> None:
        super().__init__(1, frames)
        self._vocoder = vocoder
        self._frames = frames
        self._piece_frames = piece_frames
        self._excitation = Excitation(vocoder.shape, vocoder.seed)
        self._sum = OverlapAdd(vocoder.shape)
        self._weights = band_weights(vocoder.shape)
        self._samples_due = 0
        self._flushed = False

    def produce(self) -> Frames | None:
        """Convert the next frames to samples; in total, one hop per frame."""
        rows = self._frames.pull(self._piece_frames)
        hop, n_bands = self._vocoder.shape.hop_samples, self._vocoder.shape.n_bands
        self._samples_due += len(rows) * hop
        if len(rows):
            audio = self._sum.push(self._filtered(rows, n_bands))
        elif self._flushed:
            return None
        else:
            self._flushed = True
            audio = self._sum.flush()[: self._samples_due]
        self._samples_due -= len(audio)
        return audio[:, None]

    def _filtered(self, rows: Frames, n_bands: int) -> npt.NDArray[np.complex64]:
        acoustic, gains = rows[:, : -2 * n_bands], np.exp(rows[:, -2 * n_bands :])
        octaves, voiced = np.clip(acoustic[:, -2], -2, 2), np.clip(acoustic[:, -1:], 0, 1)
        f0_hz = self._vocoder.reference_hz * 2.0 ** octaves.astype(np.float64)
        harmonics, noise = self._excitation.spectra(f0_hz)
        harmonic_gains = gains[:, :n_bands] @ self._weights * voiced
        return harmonics * harmonic_gains + noise * (gains[:, n_bands:] @ self._weights)
