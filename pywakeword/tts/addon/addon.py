"""A loaded addon."""

from __future__ import annotations

import os
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Union

import numpy as np
import numpy.typing as npt

from pywakeword.errors import AddonError, BlockError
from pywakeword.models.bundled import bundled_dir
from pywakeword.tts.addon.files import MANIFEST, AddonFiles
from pywakeword.tts.addon.front_ends import (
    FRONT_ENDS,
    FrontEnd,
    Pronounced,
    split_symbols,
    symbol_indexes,
)
from pywakeword.tts.addon.manifest import Manifest, parse_manifest
from pywakeword.tts.blocks.base import Frames, FrameStream
from pywakeword.tts.blocks.composites import StreamablePipeline
from pywakeword.tts.blocks.network import Network
from pywakeword.tts.blocks.prosody.selector import PLACES, TEXT, text_tensor
from pywakeword.tts.blocks.registry import BlockRegistry
from pywakeword.tts.blocks.registry import registry as default_registry
from pywakeword.tts.blocks.resources import Resources
from pywakeword.tts.prosody.reference import ProsodyReference

Text = Union[str, Sequence[str]]


class Addon:
    """A voice that speaks while it computes; made by `Addon.load`.

    One addon can speak several utterances at once.

    Attributes
    ----------
    manifest : Manifest
        Contents of `addon.json`.
    pipeline : StreamablePipeline
        Blocks described by `stack`.
    context : str
        Name of the context in use.
    """

    def __init__(self, manifest: Manifest, pipeline: StreamablePipeline, context: str) -> None:
        self.manifest = manifest
        self.pipeline = pipeline
        self.context = context
        self._front_end: FrontEnd | None = None
        lengths = manifest.contexts[context]
        whole = [
            length for name, length in lengths.items() if manifest.networks[name].spec.reach is None
        ]
        self._max_symbols = min([manifest.max_symbols, *whole])

    @classmethod
    def load(
        cls,
        addon: str | os.PathLike[str],
        *,
        context: str | None = None,
        registry: BlockRegistry | None = None,
        observers: Mapping[str, Callable[[Frames], None]] | None = None,
        prosody_way: str | None = None,
        threads: int = 1,
    ) -> Addon:
        """Load a bundled addon by name, or another by the path of its folder or zip.

        An addon contains no code: it names registered block types. The digest of each network
        is checked.

        Parameters
        ----------
        addon : str or path
            A string without a directory is first looked up among the bundled addons.
        context : str, optional
            One of the addon's contexts, such as `dynamic` or `fixed`.
        registry : BlockRegistry, optional
            Block types; the global registry if not given.
        observers : mapping of str to callable, optional
            Receivers of the frames at the `Probe` of that name.
        prosody_way : str, optional
            How a `ProsodySelector` chooses, instead of the addon's default: centroid,
            syntactic, semantic or both.
        threads : int
            Threads per network.

        Raises
        ------
        AddonError
            If anything in the addon is wrong; `path` names the field.
        MissingExtraError
            If onnxruntime is not installed.
        """
        files = AddonFiles(_find(addon))
        try:
            manifest = parse_manifest(files.manifest())
            context = context or manifest.default_context
            if context not in manifest.contexts:
                raise AddonError(
                    "contexts", f"no {context!r}; there are: {', '.join(manifest.contexts)}"
                )
            if manifest.front_end not in FRONT_ENDS:
                known = ", ".join(FRONT_ENDS)
                raise AddonError("front_end", f"no {manifest.front_end[:60]!r}; there are: {known}")
            networks = {
                name: Network(
                    item.spec,
                    files.network(item.file, item.sha256, item.spec.path),
                    fixed_length=manifest.contexts[context].get(name),
                    threads=threads,
                )
                for name, item in manifest.networks.items()
            }
        finally:
            files.close()
        types = registry or default_registry
        resources = Resources(
            networks,
            manifest.acoustics,
            types,
            dict(observers or {}),
            manifest.symbols,
            prosody_way,
        )
        block = types.streamable_block(manifest.stack, resources)
        if not isinstance(block, StreamablePipeline):
            raise AddonError("stack.type", "must be StreamablePipeline")
        if block.width != 1:
            raise AddonError("stack", f"ends with frames of width {block.width}, not with audio")
        if prosody_way is not None and TEXT not in block.optional_inputs:
            raise AddonError("stack", "has no ProsodySelector to choose the prosody")
        manifest.acoustics.finish()
        return cls(manifest, block, context)

    @property
    def sample_rate_hz(self) -> int:
        """Rate of the audio."""
        return self.manifest.sample_rate_hz

    def open(
        self, symbols: Sequence[str], tensors: Mapping[str, npt.NDArray[Any]] | None = None
    ) -> FrameStream:
        """Start speaking at most `max_symbols` symbols; the stream's frames are samples in -1..1.

        `tensors` are further inputs of the blocks, by the names of their `optional_inputs`.

        Raises
        ------
        PhonesError
            If the addon lacks a symbol.
        BlockError
            If there are too many symbols, or none, or no block takes one of `tensors`.
        """
        for name in tensors or {}:
            if name not in self.pipeline.optional_inputs:
                raise BlockError(f"no block of {self.manifest.name} takes an input {name!r}")
        indexes = np.array(symbol_indexes(symbols, self.manifest.symbols), np.int64)
        return self.pipeline.open({"symbols": indexes, **(tensors or {})})

    def stream(
        self,
        text: Text,
        *,
        chunk_samples: int = 1600,
        reference: ProsodyReference | None = None,
    ) -> Generator[npt.NDArray[np.int16], None, None]:
        """Yield speech in chunks, as soon as each is computed. Close the generator to stop.

        Parameters
        ----------
        text : str or sequence of str
            Text for the addon's front end, or symbols.
        chunk_samples : int
            Samples per chunk, fewer at the end of a sentence. Does not change the audio.
        reference : ProsodyReference, optional
            A recording of the same text, whose prosody to use. Needs an addon with a block
            `ProsodyTransfer`.

        Yields
        ------
        (n_samples,) ndarray of int16
            Never empty.

        Raises
        ------
        PhonesError
            If the text cannot be turned into symbols.
        TextMismatchError
            If the text differs from that of the reference.
        BlockError
            If a network fails, or the reference is too long or unsuitable for this addon.
        """
        if chunk_samples < 1:
            raise ValueError(f"chunk_samples must be positive, got {chunk_samples}")
        for piece, tensors in self._parts(text, reference):
            with self.open(piece, tensors) as stream:
                while len(samples := stream.pull(chunk_samples)):
                    yield np.round(np.clip(samples[:, 0], -1, 1) * 32767).astype(np.int16)

    def synthesize(
        self, text: Text, *, reference: ProsodyReference | None = None
    ) -> npt.NDArray[np.int16]:
        """Return the whole speech; parameters and errors as for `stream`."""
        chunks = list(self.stream(text, chunk_samples=self.sample_rate_hz, reference=reference))
        return np.concatenate([np.empty(0, np.int16), *chunks])

    def _parts(
        self, text: Text, reference: ProsodyReference | None
    ) -> Iterator[tuple[tuple[str, ...], Mapping[str, npt.NDArray[Any]]]]:
        if reference is None:
            yield from self.pieces(text)
            return
        if not isinstance(text, str) or self.manifest.front_end != "FlitePhones":
            raise BlockError(
                "a prosody reference needs a text, and an addon that reads FlitePhones"
            )
        reference.check_text(text, self.manifest.pause)
        if len(reference.symbols) > self._max_symbols:
            raise BlockError(
                f"the reference has {len(reference.symbols)} phones; "
                f"the addon takes {self._max_symbols} at a time"
            )
        yield reference.symbols, reference.tensors()

    def pieces(self, text: Text) -> Iterator[tuple[tuple[str, ...], dict[str, npt.NDArray[Any]]]]:
        """Yield symbols and tensors for `open`, sentence by sentence.

        Raises
        ------
        PhonesError
            If the text cannot be turned into symbols.
        """
        wanted = self.pipeline.optional_inputs
        for sentence, (symbols, places) in self._sentences(text):
            rows = list(zip(symbols, places or (0,) * len(symbols)))
            for piece in split_symbols(
                rows, pause=(self.manifest.pause, 0), max_symbols=self._max_symbols
            ):
                tensors: dict[str, npt.NDArray[Any]] = {}
                if sentence is not None and TEXT in wanted:
                    tensors[TEXT] = text_tensor(sentence)
                if places is not None and PLACES in wanted:
                    tensors[PLACES] = np.array([place for _, place in piece], np.int64)
                yield tuple(symbol for symbol, _ in piece), tensors

    def _sentences(self, text: Text) -> Iterator[tuple[str | None, Pronounced]]:
        if not isinstance(text, str):
            yield None, Pronounced(tuple(text))
            return
        if self._front_end is None:
            self._front_end = FRONT_ENDS[self.manifest.front_end]()
        for sentence in self._front_end.sentences(text):
            for pronounced in self._front_end(sentence):
                yield sentence, pronounced


def available_addons() -> tuple[str, ...]:
    """Return the names of the bundled addons."""
    folder = _bundled()
    return tuple(sorted(p.parent.name for p in folder.glob(f"*/{MANIFEST}")))


def _bundled() -> Path:
    return bundled_dir("tts")


def _find(addon: str | os.PathLike[str]) -> Path:
    if isinstance(addon, str) and Path(addon).name == addon and not Path(addon).exists():
        path = _bundled() / addon
        if not path.is_dir():
            known = ", ".join(available_addons()) or "none"
            raise AddonError(addon, f"no such addon, neither a path nor bundled; bundled: {known}")
        return path
    return Path(addon)
