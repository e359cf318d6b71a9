"""Names and loading of trained models in the work folder."""

from __future__ import annotations

import re
from pathlib import Path

import torch

from tools.prosody_transfer.networks.model import ABLATIONS, TransferModel


def checkpoint(work: Path, ablation: str, seed: int) -> Path:
    """Return the file of a model's training state."""
    parts = ["copycat", *([] if ablation == "none" else [ablation])]
    return work / ("-".join([*parts, *([f"seed{seed}"] if seed else [])]) + ".pt")


def trained_models(work: Path) -> dict[str, Path]:
    """Return the files of all trained models, by ablation and seed."""
    return {
        path.stem.removeprefix("copycat").strip("-") or "none": path
        for path in sorted(work.glob("copycat*.pt"))
    }


def load(path: Path) -> TransferModel:
    """Load a trained model, without the adversary."""
    ablation = re.sub(r"^copycat-?|-?seed\d+$", "", path.stem) or "none"
    state = {
        name: value
        for name, value in torch.load(path, weights_only=True)["modules"].items()
        if not name.startswith("adversary.")
    }
    modules = TransferModel(ABLATIONS[ablation], len(state["voices.measured"]))
    modules.load_state_dict(state)
    return modules.eval()
