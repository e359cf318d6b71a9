"""Measure what each stage direction does: pitch, level and rate, per back end."""

from __future__ import annotations

import argparse
import asyncio
import math

import numpy as np
import numpy.typing as npt

from pywakeword.audio.resample import Resampler
from pywakeword.tts import Addon, AddonBackend, TtsClient, available_addons, make_backend, sanitize
from pywakeword.tts.directions.tags import EMOTIONS, PACES
from pywakeword.tts.mirror import measure_utterance

TEXT = "The kettle is on and the tea will be ready in five minutes."
MARKUP = {
    **{name: f'<emotion name="{name}">{TEXT}</emotion>' for name in EMOTIONS},
    **{name: f'<pace name="{name}">{TEXT}</pace>' for name in PACES},
    "emphasis": f'<emphasis level="strong">{TEXT}</emphasis>',
    "whisper": f"<whisper>{TEXT}</whisper>",
    "pause 1 s": TEXT.replace(" and ", ' <break time="1s"/> and '),
}


async def spoken(client: TtsClient, markup: str) -> tuple[npt.NDArray[np.int16], tuple[str, ...]]:
    """Return the speech at 16 kHz, and what was dropped."""
    synthesis = client.synthesize(sanitize(markup))
    chunks = [chunk async for chunk in synthesis]
    to_16k = Resampler(chunks[0].sample_rate_hz)
    pcm = to_16k.process_int16(np.concatenate([chunk.pcm for chunk in chunks]))
    return np.concatenate([pcm, to_16k.finish()]), synthesis.dropped


async def rows(name: str) -> list[str]:
    """Return one row of a table per direction."""
    addon = name in available_addons()
    backend = AddonBackend(Addon.load(name)) if addon else make_backend(name)
    lines = []
    async with TtsClient(backend) as client:
        plain, _ = await spoken(client, TEXT)
        before = measure_utterance(plain)
        for direction, markup in MARKUP.items():
            pcm, dropped = await spoken(client, markup)
            after = measure_utterance(pcm)
            if dropped or before is None or after is None:
                lines.append(f"| {name} | {direction} | dropped | | | |")
                continue
            pitch = "-"
            if before.pitch_hz and after.pitch_hz and direction != "whisper":
                pitch = f"{12 * math.log2(after.pitch_hz / before.pitch_hz):+.1f}"
            length = len(pcm) / len(plain) - 1
            level = after.level_db - before.level_db
            lines.append(
                f"| {name} | {direction} | {pitch} | {level:+.1f} | {length:+.0%} "
                f"| {after.voiced:.0%} |"
            )
    return lines


def main(argv: list[str] | None = None) -> int:
    """Print a table."""
    parser = argparse.ArgumentParser(prog="python -m tools.tts directions", description=__doc__)
    parser.add_argument("voices", nargs="*", default=["hibari", "espeak-ng", "flite"])
    args = parser.parse_args(argv)
    print("| voice | direction | pitch, semitones | level, dB | length | voiced |")
    print("|---|---|---|---|---|---|")
    for name in args.voices:
        for line in asyncio.run(rows(name)):
            print(line, flush=True)
    return 0
