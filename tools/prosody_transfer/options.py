"""Options and the corpus that all verbs share."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import torch

from tools.prosody_transfer import corpus

MODELS = Path("models/studies")
VOCODER = Path("models/tts/slt-parallel")


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of data, work folder and models."""
    parser.add_argument("--data", type=Path, required=True, help="folder with manifest.csv")
    parser.add_argument("--work", type=Path, required=True, help="alignments and checkpoints")
    parser.add_argument("--models", type=Path, default=MODELS, help="parent folder of copycat")


def read_items(args: argparse.Namespace) -> list[corpus.Item] | None:
    """Read the corpus; print an error and return None without a manifest."""
    if not (args.data / "manifest.csv").exists():
        print(f"error: no manifest.csv in {args.data}", file=sys.stderr)
        return None
    torch.set_num_threads(1)
    return corpus.prepare(args.data, args.work)
