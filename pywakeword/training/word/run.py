"""The whole run: takes, features, training, model and card; a killed run goes on."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from pywakeword.errors import PyWakewordError
from pywakeword.training.network.shape import sized
from pywakeword.training.takes.bank import INDEX, read_index
from pywakeword.training.word.plan import Amounts
from pywakeword.training.word.request import Request
from pywakeword.training.word.spoken import word_of
from pywakeword.training.word.takes import VOICE, speak_held_out, speak_takes

_SETTINGS = "settings.json"

Bar = Callable[[Iterable[Any], int, str], Iterable[Any]]


class WorkFolderError(PyWakewordError):
    """The work folder is of a run with other settings."""


def train_word(request: Request, report: Callable[[str], None], bar: Bar) -> Path:
    """Carry out a run, or what is left of it; return the model's path.

    Raises
    ------
    WorkFolderError
        If the work folder belongs to a run with other settings.
    """
    began = time.monotonic()
    keep_settings(request.work, request.settings)
    _speak(request, report, bar)
    # PyTorch is imported by those who train only.
    from pywakeword.training import release
    from pywakeword.training.word.calibrate import calibrate
    from pywakeword.training.word.stores import make_stores
    from pywakeword.training.word.teach import teach

    word, work, seed = request.word, request.work, request.seed
    report("features")
    stores = make_stores(
        word,
        work,
        work / "takes",
        request.data,
        request.takes,
        request.negatives,
        seed=seed,
        workers=request.workers,
    )
    report("training")
    taught = teach(
        sized(request.size, (word.label,)),
        stores,
        request.data.trunk(request.size),
        work,
        steps=request.amounts.steps,
        quantized_steps=request.amounts.quantized_steps,
        seed=seed,
        progress=lambda share: report(f"training {100 * share:.0f} %"),
    )
    report("thresholds")
    data = release.export(taught.rounded, [taught.ranges])[word.label]
    document = release.card(taught.rounded, word.label, request.size, data)
    path = release.write_model(work / "model", data, document)
    measured = calibrate(
        path,
        document,
        taught.rounded,
        taught.ranges,
        stores.calibration,
        stores.sounds.without([word.spoken]),  # a device that says the word is no false accept
        work / "held_out",
        request.kept,
        seed=seed,
    )
    document.update(measured)
    document["training"] = _record(request, time.monotonic() - began)
    document["data"] = _provenance(request)
    return release.write_model(request.out, data, document)


def _speak(request: Request, report: Callable[[str], None], bar: Bar) -> None:
    """Fill both banks of takes."""
    word, work, amounts = request.word, request.work, request.amounts
    material = word_of(word.spoken)
    speakers = request.make_voice(VOICE).speakers
    for name, speak, count in (
        ("takes", speak_takes, amounts.takes),
        ("held_out", speak_held_out, amounts.held_out),
    ):
        report(name.replace("_", " "))
        done = len(read_index(work / name)) if (work / name / INDEX).exists() else 0
        rows = speak(
            work / name,
            word.label,
            material,
            speakers,
            count,
            seed=request.seed,
            workers=request.workers,
            make_voice=request.make_voice,
        )
        for _ in bar(rows, count - done, name.replace("_", " ")):
            pass


def keep_settings(work: Path, settings: dict[str, Any]) -> None:
    """Write the settings of a new run, or compare them with those of the run that goes on."""
    path = work / _SETTINGS
    if path.exists():
        before = json.loads(path.read_text(encoding="utf-8"))
        changed = [name for name, value in settings.items() if before.get(name) != value]
        if changed:
            raise WorkFolderError(
                f"{work} is of a run with another {', '.join(changed)}: delete it, or give "
                "another --work"
            )
        return
    work.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".part")
    part.write_text(json.dumps(settings, indent=1) + "\n", encoding="utf-8")
    part.replace(path)


def _record(request: Request, seconds: float) -> dict[str, Any]:
    """Return what the card says about the run."""
    amounts, usual = request.amounts, Amounts()
    options = "" if request.size == "standard" else f" --size {request.size}"
    options += f" --synthetic-takes {amounts.takes}" if amounts.takes != usual.takes else ""
    options += f" --steps {amounts.steps}" if amounts.steps != usual.steps else ""
    options += " --takes DIR" if request.takes else ""
    options += " --negatives DIR" if request.negatives else ""
    return {
        "command": f'pywakeword train "{request.word.spoken}"{options} --seed {request.seed}',
        "seed": request.seed,
        **asdict(amounts),
        "takes_of_the_user": len(request.takes) + len(request.kept),
        "minutes": round(seconds / 60, 1),
        "training_data": request.data.manifest["version"],
        "natural": "Kokoro-82M v1.0 (Apache-2.0): the word in sentences, and as many other",
    }


def _provenance(request: Request) -> list[dict[str, Any]]:
    """Count what the model was trained on."""
    rows: list[dict[str, Any]] = [{"takes_of_the_word": len(request.takes)}]
    if request.takes:
        source = {"source": "the user's own takes", "licence": "the user's own"}
        rows.append({**source, "files": len(request.takes)})
    spoken = {"source": "Kokoro-82M v1.0", "licence": "Apache-2.0"}
    return [*rows, {**spoken, "files": request.amounts.takes}, *request.data.manifest["sources"]]
