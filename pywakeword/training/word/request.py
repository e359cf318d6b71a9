"""What a user asked for, complete: the word, its material, the amounts, and where it goes."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from pywakeword.training.data.package import TrainingData
from pywakeword.training.material.corpus import Clip
from pywakeword.training.network.shape import model_name
from pywakeword.training.takes.bank import MakeVoice
from pywakeword.training.word.plan import Amounts, Cost, cost_of
from pywakeword.training.word.text import WakeText
from pywakeword.voices import open_voice


@dataclass(frozen=True)
class Request:
    """What is trained, from what, and where it goes.

    Attributes
    ----------
    word : WakeText
        The wake word.
    data : TrainingData
        The package of negatives and trunks.
    out, work : Path
        Folder of the model; folder of what a later run goes on with.
    amounts : Amounts
        How much is spoken and trained.
    takes, kept : list of Clip
        The user's recordings of the word to train on, and to measure with.
    negatives : Path, optional
        The user's recordings without it.
    size : str
        "standard" or "small".
    seed, workers : int
        Random seed; processes.
    make_voice : callable
        Opens the voice that speaks the takes; must be picklable.
    """

    word: WakeText
    data: TrainingData
    out: Path
    work: Path
    amounts: Amounts = field(default_factory=Amounts)
    takes: list[Clip] = field(default_factory=list)
    kept: list[Clip] = field(default_factory=list)
    negatives: Path | None = None
    size: str = "standard"
    seed: int = 1
    workers: int = 2
    make_voice: MakeVoice = open_voice

    @property
    def settings(self) -> dict[str, Any]:
        """What a run that goes on must have in common with the one before."""
        return {
            "word": self.word.spoken,
            "language": self.word.language,
            "size": self.size,
            "seed": self.seed,
            **asdict(self.amounts),
            "takes_of_the_user": [clip.path.name for clip in self.takes],
            "negatives": str(self.negatives or ""),
        }

    @property
    def model(self) -> Path:
        """Path of the model that the run writes."""
        return self.out / f"{model_name(self.word.label, self.size)}.tflite"

    @property
    def cost(self) -> Cost:
        """Minutes and bytes of a whole run."""
        return cost_of(self.amounts, self.size, self.workers, len(self.takes))

    def plan(self) -> list[str]:
        """Return what the run does and costs, one line each."""
        amounts, cost = self.amounts, self.cost
        lines = [
            f'"{self.word.spoken}" -> {self.model}, {self.size} size',
            f"{amounts.takes} takes by synthetic voices, half of them of the word; "
            f"{amounts.held_out} by other voices to measure with",
            f"{self.data.manifest['hours']:g} hours without the word, of the training data",
        ]
        if self.takes:
            lines.append(f"your takes: {len(self.takes)} to train on, {len(self.kept)} to measure")
        if self.negatives:
            lines.append(f"your recordings without the word: {self.negatives}")
        lines.append(
            f"about {cost.minutes:.0f} minutes with {self.workers} workers, "
            f"{cost.n_bytes / 1e6:.0f} MB in {self.work}"
        )
        return lines
