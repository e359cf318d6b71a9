"""Voices on this machine: espeak-ng and flite, each as a subprocess."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
from asyncio.subprocess import DEVNULL, PIPE, Process, SubprocessStreamProtocol
from collections.abc import AsyncGenerator, Sequence

import numpy as np

from pywakeword._async import closing, within
from pywakeword._checks import check_type
from pywakeword.errors import (
    PhonesError,
    ServiceRefusedError,
    ServiceTruncatedError,
    ServiceUnavailableError,
)
from pywakeword.tts.backends.audio_bytes import WavBytes
from pywakeword.tts.backends.base import DEFAULT_TIMEOUT_S, Backend
from pywakeword.tts.speech import AudioChunk, Prosody, Voice
from pywakeword.tts.text.letters import check_english, check_english_letters
from pywakeword.tts.text.ssml import Ssml

_READ_BYTES = 8192
_BUFFER_BYTES = 1 << 16
_WORDS_PER_MINUTE = 175  # normal speed of espeak-ng
# Measured factors of the pitch at settings of espeak-ng's pitch and range, which differ by at
# most 4 % between voices.
_ESPEAK_FACTORS = (0.53, 0.605, 0.725, 0.875, 1.0, 1.128, 1.348, 1.633, 1.8)
_ESPEAK_SETTINGS = (0, 10, 25, 40, 50, 60, 75, 90, 99)
_FLITE_FIXED_PITCH = frozenset({"rms", "cmu_us_rms"})
_DEBIAN_PACKAGES = {"espeak-ng": "espeak-ng", "flite": "flite"}


class EspeakBackend(Backend):
    """espeak-ng: over a hundred languages, SSML, first audio within milliseconds.

    Parameters
    ----------
    program : str
        Name of the program in PATH.
    timeout_s : float
        Longest wait for the next audio.

    Raises
    ------
    ServiceUnavailableError
        If the program is not installed; the message names the Debian package.
    """

    name = "espeak-ng"
    prosody_fields = frozenset({"rate", "pitch"})
    ssml_elements = frozenset({"speak", "p", "s", "break", "emphasis", "prosody", "say-as"})

    def __init__(self, *, program: str = "espeak-ng", timeout_s: float = DEFAULT_TIMEOUT_S) -> None:
        super().__init__(timeout_s=timeout_s)
        self._program = _find(program, self.name)

    async def speak(
        self, text: str, voice: Voice, prosody: Prosody
    ) -> AsyncGenerator[AudioChunk, None]:
        """Speak one text."""
        setting = round(float(np.interp(prosody.pitch, _ESPEAK_FACTORS, _ESPEAK_SETTINGS)))
        # The settings end before 0.5 and 2. The rest is another sample rate for the same samples.
        rest = prosody.pitch / min(max(prosody.pitch, _ESPEAK_FACTORS[0]), _ESPEAK_FACTORS[-1])
        command = [
            self._program,
            "--stdin",
            "--stdout",
            "-b",
            "1",
            "-s",
            str(round(_WORDS_PER_MINUTE * prosody.rate / rest)),
            "-p",
            str(setting),
        ]
        name = voice.name or voice.language
        if name is not None:
            command += ["-v", name if voice.speaker is None else f"{name}+{voice.speaker}"]
        if isinstance(text, Ssml):
            command.append("-m")
        if prosody.pitch != 1:
            text = f"\x01{setting}R {text}"  # the range, for which there is no option
        async with closing(_run(command, text, self.name, self.timeout_s)) as chunks:
            async for chunk in chunks:
                yield AudioChunk(chunk.pcm, round(chunk.sample_rate_hz * rest))


class FliteBackend(Backend):
    """flite: a few English voices, smaller than espeak-ng.

    It synthesises the whole text before its first output. Parameters and errors as for
    `EspeakBackend`.
    """

    name = "flite"
    prosody_fields = frozenset({"rate", "pitch"})
    by_segments = True

    def __init__(self, *, program: str = "flite", timeout_s: float = DEFAULT_TIMEOUT_S) -> None:
        super().__init__(timeout_s=timeout_s)
        self._program = _find(program, self.name)
        self._voices: frozenset[str] | None = None

    def fields_of(self, voice: Voice) -> frozenset[str]:
        """Return the fields that one voice supports: some have a fixed pitch."""
        fixed = {"pitch"} if voice.name in _FLITE_FIXED_PITCH else set()
        return self.prosody_fields - fixed

    async def speak(
        self, text: str, voice: Voice, prosody: Prosody
    ) -> AsyncGenerator[AudioChunk, None]:
        """Speak one text."""
        # Voices in files may be of other languages.
        if voice.name is None or not voice.name.endswith(".flitevox"):
            try:
                check_english(voice.language, self.name)
                check_english_letters(text, self.name)
            except PhonesError as error:
                raise ServiceRefusedError(str(error)) from error
        command = [self._program, "--setf", f"duration_stretch={1 / prosody.rate:.3f}"]
        if prosody.pitch != 1:
            if voice.name in _FLITE_FIXED_PITCH:
                raise ServiceRefusedError(
                    f"flite cannot change the pitch of its voice {voice.name}"
                )
            command += ["--setf", f"f0_shift={prosody.pitch:.3f}"]
        if voice.name is not None:
            await self._check_voice(voice.name)
            command += ["-voice", voice.name]
        # flite writes to a pipe only if the text is an argument.
        command += ["-t", text, "-o", "/dev/stdout"]
        async with closing(_run(command, None, self.name, self.timeout_s)) as chunks:
            async for chunk in chunks:
                yield chunk

    async def _check_voice(self, name: str) -> None:
        # For an unknown voice, flite silently uses its default voice.
        if self._voices is None:
            program = await _Program.start([self._program, "-lv"], stdin=DEVNULL, stderr=DEVNULL)
            try:
                listing, _ = await within(
                    program.process.communicate(), self.timeout_s, "flite listed no voices"
                )
            finally:
                await program.end()
            self._voices = frozenset(listing.decode().partition(":")[2].split())
        if name not in self._voices and not name.endswith(".flitevox"):
            raise ServiceRefusedError(
                f"flite has no voice {name!r}; it has {', '.join(sorted(self._voices))}"
            )


def embedded_backend(*, timeout_s: float = DEFAULT_TIMEOUT_S) -> Backend:
    """Return espeak-ng if it is installed, else flite.

    Raises
    ------
    ServiceUnavailableError
        If neither is installed; the message names the Debian packages.
    """
    if shutil.which("espeak-ng") is not None:
        return EspeakBackend(timeout_s=timeout_s)
    if shutil.which("flite") is not None:
        return FliteBackend(timeout_s=timeout_s)
    raise ServiceUnavailableError(
        "no voice is installed; on Debian and Raspberry Pi OS: apt install espeak-ng (or flite)"
    )


def _find(program: str, name: str) -> str:
    check_type("program", program, str)
    path = shutil.which(program)
    if path is None:
        raise ServiceUnavailableError(
            f"{program} is not installed; "
            f"on Debian and Raspberry Pi OS: apt install {_DEBIAN_PACKAGES[name]}"
        )
    return path


async def _run(
    command: Sequence[str], text: str | None, name: str, timeout_s: float
) -> AsyncGenerator[AudioChunk, None]:
    """Yield the WAV output of the program; `text` goes to its standard input."""
    try:
        program = await _Program.start(
            command, stdin=DEVNULL if text is None else PIPE, stderr=PIPE
        )
    except (OSError, ValueError) as error:  # removed meanwhile, or a NUL in the text
        raise ServiceUnavailableError(f"{name} cannot be started: {error}") from error
    process = program.process
    assert process.stdout is not None
    assert process.stderr is not None
    messages = asyncio.ensure_future(process.stderr.read())
    wav = WavBytes(name)
    silent = f"{name} gave no audio"
    try:
        if text is not None:
            await within(_write(process, text.encode()), timeout_s, silent)
        while data := await within(process.stdout.read(_READ_BYTES), timeout_s, silent):
            for chunk in wav.feed(data):
                yield chunk
        status = await within(process.wait(), timeout_s, f"{name} did not end")
        if status:
            said = " ".join((await messages).decode(errors="replace").split())
            if status < 0:
                raise ServiceTruncatedError(
                    f"{name} was killed by signal {-status}. {said}".strip()
                )
            raise ServiceRefusedError(f"{name} failed: {said or f'exit code {status}'}")
        wav.finish()
    finally:
        messages.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await messages
        await program.end()


async def _write(process: Process, text: bytes) -> None:
    assert process.stdin is not None
    try:
        # A program that refuses its options reads nothing, and fails with an exit code.
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            process.stdin.write(text)
            await process.stdin.drain()
    finally:
        process.stdin.close()


class _Program:
    """A running program, and the transport that owns its pipes.

    `asyncio.create_subprocess_exec` does the same but keeps the transport private. Without the
    transport, `wait` hangs while a child of the program holds the pipes open.
    """

    def __init__(self, process: Process, transport: asyncio.SubprocessTransport) -> None:
        self.process = process
        self._transport = transport

    @classmethod
    async def start(cls, command: Sequence[str], *, stdin: int, stderr: int) -> _Program:
        """Start a program, with a pipe for its standard output."""
        loop = asyncio.get_running_loop()
        transport, protocol = await loop.subprocess_exec(
            lambda: SubprocessStreamProtocol(limit=_BUFFER_BYTES, loop=loop),
            *command,
            stdin=stdin,
            stdout=PIPE,
            stderr=stderr,
        )
        return cls(Process(transport, protocol, loop), transport)

    async def end(self) -> None:
        """Close the pipes, and kill the program if it still runs."""
        self._transport.close()
        await self.process.wait()
