"""`pywakeword run`: the whole loop, from the wake word to the spoken answer."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import shlex
import sys
from contextlib import AsyncExitStack

from pywakeword.audio import AudioSource, FileSource, StdinSource
from pywakeword.audio.pcm import SAMPLE_RATE_HZ
from pywakeword.commands._event_text import session_record, session_text
from pywakeword.commands._files import NotEmpty
from pywakeword.commands._options import (
    SubParsers,
    add_endpointer_options,
    add_recogniser_options,
    add_spotter_options,
    listening_for,
    make_endpointer,
    make_recogniser,
    make_spotter,
    parse_device,
)
from pywakeword.commands._speech import (
    add_speech_options,
    make_client,
    prosody_of,
    speaking_with,
    voice_of,
    wav_file,
)
from pywakeword.commands.look import open_look
from pywakeword.commands.verifier import add_client_options, client_options
from pywakeword.endpointing import FrameRepair, TruncationCheck
from pywakeword.session import (
    DuplexDevice,
    Failed,
    Loudspeaker,
    MannerChosen,
    SessionEvent,
    VirtualLoudspeaker,
    VoiceSession,
)
from pywakeword.session.applications import fixed_answer, program_answer
from pywakeword.session.partners import Application
from pywakeword.speech_to_speech import RealtimeClient
from pywakeword.tts import ProsodyMirror
from pywakeword.verifier import AsyncVerifier
from pywakeword.wyoming.speech_to_text import WyomingSpeechToText


def add_parser(commands: SubParsers) -> None:
    """Declare the command."""
    parser = commands.add_parser(
        "run",
        help="the whole loop: wake word, command, spoken answer",
        description="Wait for a wake word, listen until the person has finished, pass the request "
        "to a speech-to-text service and a program, and speak the answer. A wake word interrupts "
        "the answer. Audio comes from the microphone or from FILE; '-' reads raw 16 kHz mono "
        "16-bit PCM from standard input.",
    )
    parser.add_argument("file", nargs="?", metavar="FILE", help="audio file, or - for stdin")
    add_spotter_options(parser)
    add_endpointer_options(parser)
    add_recogniser_options(parser)
    parser.add_argument("--device", metavar="NAME|INDEX", help="microphone and loudspeaker")
    parser.add_argument(
        "--look",
        action="store_true",
        help="who looks into the camera and talks needs no wake word (extra look)",
    )
    parser.add_argument(
        "--camera", type=int, metavar="INDEX", help="which camera --look uses (default: 0)"
    )
    parser.add_argument(
        "--echo-canceller",
        action=argparse.BooleanOptionalAction,
        default=True,
        help="subtract from the microphone what the session itself plays (default: yes)",
    )
    parser.add_argument(
        "--drop-own-words",
        action=argparse.BooleanOptionalAction,
        default=True,
        help="drop a wake word that the session itself says at that moment (default: yes)",
    )
    parser.add_argument("--verify", metavar="URL", help="verify each wake word with this service")
    parser.add_argument(
        "--sent-log", metavar="FILE", help="log every upload and its reason to FILE"
    )
    add_client_options(parser)
    parser.add_argument(
        "--stt", metavar="URI", help="Wyoming speech-to-text service, tcp://HOST:PORT"
    )
    parser.add_argument(
        "--ask",
        action="store_true",
        help="ask for what is missing in an incomplete request; needs --asr or --stt",
    )
    answers = parser.add_mutually_exclusive_group()
    answers.add_argument("--say", metavar="TEXT", help="answer every request with TEXT")
    answers.add_argument(
        "--command",
        dest="program",
        type=shlex.split,
        metavar="COMMAND",
        help="program that reads the request from standard input (text with --stt, raw PCM "
        "without) and writes the answer; run without a shell",
    )
    answers.add_argument(
        "--speech-to-speech",
        metavar="URL",
        help="let a service answer speech by speech: OpenAI's realtime protocol, ws://... or "
        "wss://...; its key is read from OPENAI_API_KEY (extra realtime)",
    )
    parser.add_argument(
        "--realtime-schema",
        choices=("nested", "flat"),
        help="settings of --speech-to-speech: nested (default) as OpenAI's service, flat as in the "
        "protocol's first version",
    )
    add_speech_options(parser)
    parser.add_argument(
        "--no-mirror",
        action="store_true",
        help="speak every answer alike: do not follow the person's level, rate and pitch",
    )
    parser.add_argument(
        "--explain", action="store_true", help="print how each answer is spoken, and why"
    )
    parser.add_argument("--out", metavar="FILE", help="write the played audio to a WAV file")
    parser.add_argument("--json", action="store_true", help="print one JSON object per line")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Run until the audio ends or the user interrupts."""
    return asyncio.run(_run(args))


async def _run(args: argparse.Namespace) -> int:
    if args.file is None and args.out is not None:
        raise ValueError("--out needs a FILE: from the microphone, answers are played")
    if args.out == "-":
        raise ValueError("--out needs a file: standard output has the events")
    if args.explain and args.no_mirror:
        raise ValueError("--explain explains the mirror, which --no-mirror switches off")
    if args.file is not None and args.device is not None:
        raise ValueError("--device is for the microphone, and a FILE is given")
    if args.look and args.file is not None:
        raise ValueError("--look watches a camera beside the microphone, and a FILE is given")
    if args.camera is not None and not args.look:
        raise ValueError("--camera needs --look")
    spotter = make_spotter(args, echo_cancelled=args.echo_canceller)
    speech_to_text = WyomingSpeechToText(args.stt) if args.stt else None
    recogniser = make_recogniser(args, realtime=args.file in (None, "-"))
    endpointer = make_endpointer(args, no_speech_timeout_ms=5000.0, recogniser=recogniser)
    if recogniser is not None and args.stt:
        raise ValueError("--asr and --stt both transcribe: choose one")
    if args.ask and recogniser is None and speech_to_text is None:
        raise ValueError("--ask needs --asr or --stt")
    application = _application(args)
    partner = _speech_to_speech(args)
    async with AsyncExitStack() as stack:
        tts = verifier = None
        if application is not None or args.ask:
            tts = await stack.enter_async_context(make_client(args, SAMPLE_RATE_HZ))
        if args.verify is not None:
            verifier = await stack.enter_async_context(
                AsyncVerifier(
                    args.verify,
                    thresholds=spotter.thresholds,
                    sent_log=args.sent_log,
                    **client_options(args),
                )
            )
        if partner is not None:
            stack.push_async_callback(partner.aclose)
        look = stack.enter_context(open_look(args.camera or 0)) if args.look else None
        source, loudspeaker = _audio(args, stack)
        spoken = "" if tts is None else f"; {speaking_with(args, tts)}"
        watching = f"; camera {args.camera or 0} is on" if args.look else ""
        ends = "; Ctrl-C ends" if args.file is None else ""
        print(f"{listening_for(spotter)}{spoken}{watching}{ends}", file=sys.stderr, flush=True)
        session = VoiceSession(
            source,
            spotter,
            application,
            tts=tts,
            voice=voice_of(args),
            prosody=prosody_of(args),
            mirror=None if args.no_mirror else ProsodyMirror(),
            speech_to_text=speech_to_text,
            speech_to_speech=partner,
            verifier=verifier,
            endpointer=endpointer,
            transcriber=recogniser,
            truncation=TruncationCheck((), FrameRepair()) if args.ask else None,
            look=look,
            loudspeaker=loudspeaker,
            echo_canceller=args.echo_canceller,
            own_voice=args.drop_own_words,
            realtime=args.file in (None, "-"),
        )
        async for event in session:
            if args.explain or not isinstance(event, MannerChosen):
                _report(event, args.json)
    return 0


def _application(args: argparse.Namespace) -> Application | None:
    if args.say is not None:
        return fixed_answer(args.say)
    return None if args.program is None else program_answer(args.program)


def _speech_to_speech(args: argparse.Namespace) -> RealtimeClient | None:
    if args.speech_to_speech is None:
        if args.realtime_schema is not None:
            raise ValueError("--realtime-schema needs --speech-to-speech")
        return None
    if args.stt or args.asr or args.backend or args.addon or args.url:
        raise ValueError(
            "--speech-to-speech transcribes and speaks itself: no --asr, --stt or other voice"
        )
    return RealtimeClient(
        args.speech_to_speech,
        api_key=os.environ.get("OPENAI_API_KEY"),
        voice=args.voice,
        schema=args.realtime_schema or "nested",
    )


def _audio(
    args: argparse.Namespace, stack: AsyncExitStack
) -> tuple[AudioSource, Loudspeaker | None]:
    if args.file is None:
        duplex = stack.enter_context(DuplexDevice(parse_device(args.device)))
        return duplex, duplex
    source = NotEmpty(StdinSource() if args.file == "-" else FileSource(args.file), args.file)
    if args.out is None:
        return source, None
    file = stack.enter_context(wav_file(args.out, SAMPLE_RATE_HZ))
    return source, VirtualLoudspeaker(lambda pcm: file.writeframes(pcm.astype("<i2").tobytes()))


def _report(event: SessionEvent, as_json: bool) -> None:
    if isinstance(event, Failed):
        print(f"pywakeword run: {event.stage} failed: {event.error}", file=sys.stderr, flush=True)
    record = session_record(event)
    print(json.dumps(record) if as_json else session_text(record), flush=True)
