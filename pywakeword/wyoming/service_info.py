"""The answer to `describe`: the wake words that the service offers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from pywakeword._core import __version__
from pywakeword.models.card import Card
from pywakeword.wakeword import WakeWord

if TYPE_CHECKING:
    from wyoming.info import Attribution, Info, TtsProgram


_AUTHOR, _WEBSITE = "The pywakeword authors", "https://pypi.org/project/pywakeword"


def service_info(spotter: WakeWord, tts: Sequence[TtsProgram] = ()) -> Info:
    """Return the service's description, with one model per keyword of the detector."""
    from wyoming.info import Attribution, Info, WakeModel, WakeProgram

    by = Attribution(_AUTHOR, _WEBSITE)
    models = [
        WakeModel(
            name=word,
            attribution=by if card.calibration else _community(card),
            installed=True,
            # Home Assistant shows this as the name of the wake word, so it is for people.
            description=word.replace("_", " "),
            version=card.sha256[:12],
            languages=list(card.languages),
            phrase=word,
        )
        for card in spotter.cards
        for word in card.keywords
    ]
    program = WakeProgram(
        name="pywakeword",
        attribution=by,
        installed=True,
        description="Wake words on the device",
        version=__version__,
        models=models,
    )
    return Info(wake=[program], tts=list(tts))


def _community(card: Card) -> Attribution:
    """Return the author that the manifest of a community model names."""
    from wyoming.info import Attribution

    document = card.document
    author, website = document.get("author"), document.get("website")
    return Attribution(str(author or document.get("type", "unknown")), str(website or ""))
