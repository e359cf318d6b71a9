"""`pywakeword run`: the whole loop, from the wake word to the spoken answer."""

from __future__ import annotations

import argparse
import asyncio
import json
import shlex
import subprocess
import sys
from contextlib import AsyncExitStack
from typing import Any

from pywakeword.audio import AudioSource, FileSource, StdinSource
from pywakeword.audio.pcm import SAMPLE_RATE_HZ
from pywakeword.commands._options import (
    SubParsers,
    add_endpointer_options,
    add_spotter_options,
    make_endpointer,
    make_spotter,
)
from pywakeword.commands._speech import (
    add_speech_options,
    make_client,
    prosody_of,
    voice_of,
    wav_file,
)
from pywakeword.commands.verifier import add_client_options, client_options
from pywakeword.errors import PyWakewordError
from pywakeword.session import (
    DuplexDevice,
    Failed,
    PlaybackChanged,
    SessionEvent,
    SpokenRequest,
    StateChanged,
    Transcribed,
    UtteranceHeard,
    VerdictGiven,
    VirtualLoudspeaker,
    VoiceSession,
    WordHeard,
)
from pywakeword.session.playback import Samples
from pywakeword.verifier import AsyncVerifier
from pywakeword.wyoming.speech_to_text import WyomingSpeechToText


def add_parser(commands: SubParsers) -> None:
    """Declare the command."""
    parser = commands.add_parser(
        "run",
        help="the whole loop: wake word, command, spoken answer",
        description="Wait for a wake word, listen until the person has finished, ask a "
        "speech-to-text service and a program, and speak the answer. A wake word interrupts it. "
        "From the microphone, or from a file as fast as it goes; '-' reads raw 16 kHz mono "
        "16-bit PCM from standard input.",
    )
    parser.add_argument("file", nargs="?", metavar="FILE", help="audio file, or - for stdin")
    add_spotter_options(parser)
    add_endpointer_options(parser)
    parser.add_argument("--device", metavar="NAME|INDEX", help="microphone and loudspeaker")
    parser.add_argument("--verify", metavar="URL", help="have this verifier judge each word")
    parser.add_argument("--sent-log", metavar="FILE", help="note here what was sent, and why")
    add_client_options(parser)
    parser.add_argument(
        "--stt", metavar="URI", help="Wyoming speech-to-text service, tcp://HOST:PORT"
    )
    answers = parser.add_mutually_exclusive_group()
    answers.add_argument("--say", metavar="TEXT", help="answer everything with this")
    answers.add_argument(
        "--command",
        dest="program",
        type=shlex.split,
        metavar="COMMAND",
        help="program that gets what was said on standard input (the text with --stt, raw PCM "
        "without) and writes the answer; run without a shell",
    )
    add_speech_options(parser)
    parser.add_argument("--out", metavar="FILE", help="write what is played to a WAV file")
    parser.add_argument("--json", action="store_true", help="one JSON object a line")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Run until the audio ends or the user interrupts."""
    return asyncio.run(_run(args))


async def _run(args: argparse.Namespace) -> int:
    if args.file is None and args.out is not None:
        raise ValueError("--out needs a FILE: from the microphone, answers are played")
    if args.file is not None and args.device is not None:
        raise ValueError("--device is for the microphone, and a FILE is given")
    spotter = make_spotter(args)
    speech_to_text = WyomingSpeechToText(args.stt) if args.stt else None
    endpointer = make_endpointer(args, no_speech_timeout_ms=5000.0)
    async with AsyncExitStack() as stack:
        options: dict[str, Any] = {"speech_to_text": speech_to_text, "endpointer": endpointer}
        if args.say is not None or args.program is not None:
            options["answer"] = _application(args)
            tts = await stack.enter_async_context(make_client(args, SAMPLE_RATE_HZ))
            options.update(tts=tts, voice=voice_of(args), prosody=prosody_of(args))
        if args.verify is not None:
            verifier = AsyncVerifier(
                args.verify,
                thresholds=spotter.thresholds,
                sent_log=args.sent_log,
                **client_options(args),
            )
            options["verifier"] = await stack.enter_async_context(verifier)
        source: AudioSource
        if args.file is None:
            device = int(args.device) if args.device and args.device.isdecimal() else args.device
            source = stack.enter_context(DuplexDevice(device))
            options.update(loudspeaker=source, realtime=True)
            print(f"listening for {', '.join(spotter.keywords)}; Ctrl-C ends", file=sys.stderr)
        else:
            source = StdinSource() if args.file == "-" else FileSource(args.file)
            options["realtime"] = args.file == "-"
            if args.out is not None:
                options["loudspeaker"] = VirtualLoudspeaker(_wav_sink(args.out, stack))
        async for event in VoiceSession(source, spotter, **options):
            _report(event, args.json)
    return 0


def _application(args: argparse.Namespace) -> Any:
    async def answer(utterance: SpokenRequest) -> str:
        if args.say is not None:
            return str(args.say)
        said = (
            utterance.pcm.astype("<i2").tobytes()
            if utterance.text is None
            else utterance.text.encode()
        )
        process = await asyncio.create_subprocess_exec(
            *args.program, stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        try:
            output, _ = await process.communicate(said)
        finally:
            if process.returncode is None:  # a newer wake word has taken its place
                process.kill()
                await process.wait()
        if process.returncode:
            raise PyWakewordError(f"{args.program[0]} ended with exit code {process.returncode}")
        return output.decode().strip()

    return answer


def _wav_sink(path: str, stack: AsyncExitStack) -> Any:
    file = stack.enter_context(wav_file(path, SAMPLE_RATE_HZ))

    def sink(pcm: Samples) -> None:
        file.writeframes(pcm.astype("<i2").tobytes())

    return sink


def _report(event: SessionEvent, as_json: bool) -> None:
    record = {"at": event.sample / SAMPLE_RATE_HZ, "event": type(event).__name__, **_details(event)}
    if isinstance(event, Failed):
        print(f"pywakeword run: {event.stage} failed: {event.error}", file=sys.stderr, flush=True)
    if as_json:
        print(json.dumps(record), flush=True)
        return
    details = "  ".join(f"{key} {value}" for key, value in list(record.items())[2:])
    print(f"{record['at']:9.3f} s  {record['event']}  {details}", flush=True)


def _details(event: SessionEvent) -> dict[str, Any]:
    if isinstance(event, StateChanged):
        return {"trigger": event.trigger.value, "state": event.after.value}
    if isinstance(event, PlaybackChanged):
        return {"playback": event.playback}
    if isinstance(event, WordHeard):
        found = event.detection
        return {"keyword": found.keyword, "score": round(found.score, 4)}
    if isinstance(event, VerdictGiven):
        return {"keyword": event.detection.keyword, "decision": event.decision}
    if isinstance(event, UtteranceHeard):
        utterance = event.utterance
        return {
            "start": utterance.start_sample / SAMPLE_RATE_HZ,
            "end": utterance.end_sample / SAMPLE_RATE_HZ,
            "reason": utterance.reason,
        }
    if isinstance(event, Transcribed):
        return {"text": event.text}
    if isinstance(event, Failed):
        return {"stage": event.stage, "error": str(event.error)}
    return {}
