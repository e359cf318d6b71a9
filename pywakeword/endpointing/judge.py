"""What the arbitrators on networks have in common: their model, its card and its policy."""

from __future__ import annotations

import os
from collections.abc import Collection

from pywakeword.endpointing.policy import WaitPolicy
from pywakeword.endpointing.prosody import PROSODY_FEATURES
from pywakeword.errors import CardError
from pywakeword.models.files import ENDPOINT_ROOM
from pywakeword.models.onnx import OnnxModel, load_onnx_model


class NetworkJudge:
    """Opens an arbitrator's model and checks that its card is for this build.

    Parameters
    ----------
    model : str or path
        A bundled name, or a `.onnx` file with its card.
    task : str
        On the card.
    inputs : collection of str
        Of the network.
    lfbe : bool
        Whether the card has a front end to check.
    """

    def __init__(
        self, model: str | os.PathLike[str], task: str, inputs: Collection[str], *, lfbe: bool
    ) -> None:
        self._model = load_onnx_model(model, task, room=ENDPOINT_ROOM, extra="endpoint", lfbe=lfbe)
        if set(self._model.inputs) != set(inputs):
            raise CardError(
                f"{self._model.path}: the inputs {sorted(self._model.inputs)} are not "
                f"{sorted(inputs)}"
            )
        if self._model.card.different_strings("prosody") != PROSODY_FEATURES:
            raise CardError(
                f"{self._model.path}: the card's prosody is not the one that this build computes"
            )
        self._policy = _policy_of(self._model)

    @property
    def policy(self) -> WaitPolicy:
        """The waiting policy of the model's card, tuned to its probabilities."""
        return self._policy


def _policy_of(model: OnnxModel) -> WaitPolicy:
    try:
        return WaitPolicy(**model.card.section("policy").values)
    except CardError as error:
        raise CardError(f"{model.path}: {error}") from None
    except (TypeError, ValueError) as error:
        raise CardError(f"{model.path}: field policy is malformed: {error}") from None
