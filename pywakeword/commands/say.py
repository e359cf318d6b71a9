"""`pywakeword say`: speaks text through the loudspeaker or into a file."""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
from collections.abc import AsyncIterable, AsyncIterator
from contextlib import AsyncExitStack, ExitStack
from pathlib import Path
from typing import Protocol

import numpy as np

from pywakeword.audio.devices.output import OutputDevice
from pywakeword.audio.devices.stream import import_sounddevice
from pywakeword.audio.file import FileSource
from pywakeword.commands._options import SubParsers
from pywakeword.commands._speech import (
    add_speech_options,
    make_client,
    prosody_of,
    speaking_with,
    voice_of,
    wav_file,
)
from pywakeword.errors import AudioError
from pywakeword.plots.prosody import save_prosody_plot
from pywakeword.tts import (
    Addon,
    AddonBackend,
    AudioChunk,
    Director,
    EndpointTagger,
    LocalTagger,
    Prosody,
    ProsodyReference,
    Synthesis,
    TtsClient,
    Voice,
    sanitize,
)
from pywakeword.tts.prosody.model import WAYS

_ADDON = "slt-parallel"
_DEADLINE_S = 5.0


def add_parser(commands: SubParsers) -> None:
    """Declare the command."""
    parser = commands.add_parser(
        "say",
        help="speak a text",
        description="Speak a text through the loudspeaker or into a WAV file. '-' reads it from "
        "standard input and speaks while it arrives.",
    )
    parser.add_argument("text", metavar="TEXT", help="text to speak, or - for standard input")
    add_speech_options(parser)
    markup = parser.add_mutually_exclusive_group()
    markup.add_argument("--ssml", action="store_true", help="TEXT is speech markup (SSML)")
    markup.add_argument(
        "--direct", action="store_true", help="mark up questions, exclamations and clauses"
    )
    markup.add_argument(
        "--director",
        metavar="FILE|URL#MODEL",
        help="let a language model write stage directions: a GGUF file (extra llm), or an "
        "OpenAI-compatible service such as http://127.0.0.1:8080/v1#gemma; after 5 s the rules "
        "of --direct do",
    )
    parser.add_argument(
        "--prosody-from",
        metavar="FILE",
        help="speak with the bundled voice, and the melody and rhythm of this recording of the "
        "same words (extra prosody)",
    )
    parser.add_argument(
        "--prosody-text",
        metavar="TEXT",
        help="text of the recording, if it is spelled differently from TEXT",
    )
    parser.add_argument(
        "--prosody",
        choices=WAYS,
        help="speak with an addon (default: the bundled one) and the prosody of the recorded "
        "sentence with the most similar structure (syntactic), meaning (semantic; extra semantic) "
        "or both; centroid is the mean prosody",
    )
    parser.add_argument(
        "--plot", metavar="FILE", help="draw the contours as PNG; needs --prosody, extra evaluate"
    )
    parser.add_argument(
        "--out", metavar="FILE", help="write a WAV file instead of playing; - for stdout"
    )
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Speak."""
    _check_encoding("the text", args.text)
    if args.text == "-" and _is_markup(args):
        raise ValueError("markup needs the whole text: give it as an argument, not by -")
    if args.prosody_text is not None and args.prosody_from is None:
        raise ValueError("--prosody-text describes the recording of --prosody-from; there is none")
    if args.prosody_from is not None:
        _check_alone(args)
    if args.prosody and (args.backend or args.url or _is_markup(args)):
        raise ValueError("--prosody is for plain text and an addon: no --backend, no markup")
    if args.plot and (not args.prosody or args.text == "-"):
        raise ValueError("--plot needs --prosody, and the text as an argument")
    if args.plot:
        save_prosody_plot(Path(args.plot), args.text, args.prosody, addon=args.addon or _ADDON)
    asyncio.run(_say(args))
    return 0


async def _say(args: argparse.Namespace) -> None:
    if args.prosody_from is not None:
        await write(_like_recording(args), WavFile(args.out) if args.out else Player())
        return
    async with _make_client(args) as client:
        announcement = "" if args.prosody else speaking_with(args, client)
        output = WavFile(args.out) if args.out else Player()
        synthesis = _start(client, args)
        if synthesis.dropped:
            dropped = ", ".join(synthesis.dropped)
            announcement = f"{announcement}; it cannot perform: {dropped}"
        await write(synthesis, output, announcement)


def _make_client(args: argparse.Namespace) -> TtsClient:
    if args.prosody is None:
        return make_client(args)
    return TtsClient(AddonBackend(Addon.load(args.addon or _ADDON, prosody_way=args.prosody)))


def _check_alone(args: argparse.Namespace) -> None:
    if args.prosody or args.backend or _is_markup(args) or args.text == "-":
        raise ValueError(
            "--prosody-from is for plain text as an argument and the bundled voice: no --prosody, "
            "no --backend, no markup"
        )
    if (args.rate, args.pitch, args.volume) != (1.0, 1.0, 1.0) or args.voice or args.language:
        raise ValueError("--prosody-from has no --voice, --language, --rate, --pitch or --volume")


def _like_recording(args: argparse.Namespace) -> AsyncIterator[AudioChunk]:
    """Speak with the prosody of a recording; errors in it are found before speech starts."""
    addon = Addon.load(args.addon or _ADDON)
    pcm = np.concatenate([np.empty(0, np.int16), *FileSource(args.prosody_from)])
    text = args.text if args.prosody_text is None else args.prosody_text
    reference = ProsodyReference.from_recording(pcm, text)
    reference.check_text(args.text, addon.manifest.pause)
    return AddonBackend(addon, reference=reference).speak(args.text, Voice(), Prosody())


def _start(client: TtsClient, args: argparse.Namespace) -> Synthesis:
    options = (voice_of(args), prosody_of(args))
    if args.text == "-":
        return client.stream(_lines(), *options)
    if args.ssml:
        return client.synthesize(sanitize(args.text), *options)
    if args.direct:
        return client.synthesize(Director().tag(args.text), *options)
    if args.director is not None:
        direction = Director(_tagger(args.director), deadline_s=_DEADLINE_S).direct(args.text)
        because = f", because {direction.reason}" if direction.reason else ""
        print(f"directed by the {direction.by}{because}", file=sys.stderr, flush=True)
        return client.synthesize(direction.ssml, *options)
    return client.synthesize(args.text, *options)


def _is_markup(args: argparse.Namespace) -> bool:
    return bool(args.ssml or args.direct or args.director is not None)


def _tagger(director: str) -> LocalTagger | EndpointTagger:
    if not director.startswith(("http://", "https://")):
        return LocalTagger(director)
    url, _, model = director.partition("#")
    if not model:
        raise ValueError(f"--director {url}: name the model, as in {url}#gemma")
    return EndpointTagger(url, model, api_key=os.environ.get("OPENAI_API_KEY"))


async def _lines() -> AsyncIterator[str]:
    loop = asyncio.get_running_loop()
    if sys.stdin is None or sys.stdin.closed:
        raise AudioError("standard input is closed")
    try:
        while line := await loop.run_in_executor(None, sys.stdin.readline):
            _check_encoding("standard input", line)
            yield line
    except UnicodeDecodeError as error:
        raise ValueError(f"standard input is not in the encoding {error.encoding}") from error


def _check_encoding(what: str, text: str) -> None:
    """Raise `ValueError` if bytes of a text had no meaning in the encoding of the system."""
    if any("\ud800" <= character <= "\udfff" for character in text):
        raise ValueError(f"{what} is not in the encoding {sys.getfilesystemencoding()}")


class Output(Protocol):
    """Destination of speech; opened with the first chunk, which has the sample rate."""

    def open(self, sample_rate_hz: int) -> None:
        """Open the destination."""

    def write(self, chunk: AudioChunk) -> None:
        """Write a chunk; may block."""

    def close(self) -> None:
        """Finish."""


async def write(
    synthesis: AsyncIterable[AudioChunk], output: Output, announcement: str = ""
) -> None:
    """Write speech as it arrives, including chunks before an error.

    The announcement goes to standard error as soon as there is speech. The output is opened
    with the first sound.

    Raises
    ------
    ValueError
        If there was none.
    """
    loop = asyncio.get_running_loop()
    silence: list[AudioChunk] = []
    async with AsyncExitStack() as stack:
        is_open = False
        async for chunk in synthesis:
            silence.append(chunk)
            if not is_open and not chunk.pcm.any():
                continue
            if not is_open:
                output.open(chunk.sample_rate_hz)
                stack.callback(output.close)
                is_open = True
                if announcement:
                    print(announcement, file=sys.stderr, flush=True)
            for part in silence:
                await loop.run_in_executor(None, output.write, part)
            silence.clear()
    if silence:
        raise ValueError("there is nothing to say: the voice made silence of the text")
    if not is_open:
        raise ValueError("there is nothing to say: the text has no words")


class WavFile:
    """A WAV file; "-" is standard output."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._stack = ExitStack()

    def open(self, sample_rate_hz: int) -> None:
        """Create the file."""
        self._file = self._stack.enter_context(wav_file(self._path, sample_rate_hz))

    def write(self, chunk: AudioChunk) -> None:
        """Append a chunk."""
        self._file.writeframes(chunk.pcm.astype("<i2").tobytes())

    def close(self) -> None:
        """Complete the header."""
        self._stack.close()


class Player:
    """The default loudspeaker. Needs the extra `mic`."""

    def __init__(self) -> None:
        import_sounddevice()  # a missing extra is reported before anything is synthesized
        self._stack = ExitStack()

    def open(self, sample_rate_hz: int) -> None:
        """Open the device."""
        self._device = self._stack.enter_context(OutputDevice(sample_rate_hz))

    def write(self, chunk: AudioChunk) -> None:
        """Play a chunk."""
        self._device.write(chunk.pcm)

    def close(self) -> None:
        """Play to the end."""
        self._stack.close()
