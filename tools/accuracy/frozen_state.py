"""Freezes the state of a network: what FiLM and the embedding add becomes constant."""

from __future__ import annotations

import torch

from pywakeword import DeviceState
from pywakeword.training.figures.develop import one_hot
from pywakeword.training.network.network import Network


@torch.no_grad()
def load_frozen(network: Network, start: Network) -> None:
    """Give a network the function that `start` has while the state is unknown.

    Afterwards the state changes nothing yet: a network with FiLM learns that. Both are of one
    size; `start` may have fewer ways to use the state.
    """
    kept = {
        name: value
        for name, value in start.state_dict().items()
        if ".film.project." not in name and not name.startswith("state.") and ".out." not in name
    }
    network.load_state_dict(kept, strict=False)
    embedded = start.embed_state(torch.from_numpy(one_hot(DeviceState()))[None])
    for block, started in zip(network.each_block(), start.each_block()):
        film, before = block.film, started.film
        if before.project is not None:
            scale, shift = before.project(embedded)[0].chunk(2)
            film.scale.copy_(before.scale + scale)
            film.shift.copy_(before.shift + shift)
        if film.project is not None:
            film.project.weight.zero_()
    for index in range(len(start.heads)):
        out, before_out = network.head_layers(index)[2], start.head_layers(index)[2]
        assert out.bias is not None
        assert before_out.bias is not None
        size = network.shape.head_channels
        out.weight.zero_()
        out.weight[:, :size] = before_out.weight[:, :size]
        out.bias.copy_(before_out.bias)
        if start.shape.concatenate:
            out.bias += before_out.weight[:, size:, 0] @ embedded[0]
