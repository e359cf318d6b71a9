"""Average a trained network with the one it started from, weight by weight.

After a long training on new material a network is better there and worse where it came from.
The mean of both weights keeps most of either (Wortsman et al., arXiv 2109.01903). It needs new
statistics of batch normalisation, and new int8 ranges afterwards.
"""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping

import torch
from torch import Tensor, nn

from pywakeword.training.network.network import Network


@torch.no_grad()
def averaged(
    network: Network,
    start: Mapping[str, Tensor],
    share: float,
    batches: Iterable[tuple[Tensor, Tensor]],
) -> Network:
    """Return a new network: `share` of `network`, the rest of `start`.

    Parameters
    ----------
    network : Network
        The trained network.
    start : mapping of str to Tensor
        The state of the network before its training.
    share : float
        From 0, the start, to 1, the trained network.
    batches : iterable of (features, state)
        Mixed as in training; they give the statistics of batch normalisation.
    """
    made = copy.deepcopy(network)
    state = network.state_dict()
    made.load_state_dict(
        {
            name: torch.lerp(start[name], value, share) if value.is_floating_point() else value
            for name, value in state.items()
        }
    )
    for module in made.modules():
        if isinstance(module, nn.BatchNorm1d):
            module.reset_running_stats()
            module.momentum = None  # the plain mean over all batches
    made.train()
    for features, device_state in batches:
        made(features, device_state)
    return made.eval()
