"""Two simple applications: a fixed answer, and another program's answer."""

from __future__ import annotations

import asyncio
import subprocess
from collections.abc import Sequence

from pywakeword.errors import PyWakewordError
from pywakeword.session.events import SpokenRequest
from pywakeword.session.partners import Application


def fixed_answer(text: str) -> Application:
    """Return an application that answers every request with the same text."""

    async def answer(request: SpokenRequest) -> str:
        return text

    return answer


def program_answer(command: Sequence[str]) -> Application:
    """Return an application that runs a program per request, without a shell.

    The program reads the text of the request from standard input, or raw PCM if there is no
    text, and writes the answer. A `PyWakewordError` reports a failing exit code.
    """

    async def answer(request: SpokenRequest) -> str:
        text = request.text
        said = request.pcm.astype("<i2").tobytes() if text is None else text.encode()
        process = await asyncio.create_subprocess_exec(
            *command, stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        try:
            output, _ = await process.communicate(said)
        finally:
            if process.returncode is None:  # cancelled by a newer wake word
                process.kill()
                await process.wait()
        if process.returncode:
            raise PyWakewordError(f"{command[0]} ended with exit code {process.returncode}")
        return output.decode().strip()

    return answer
