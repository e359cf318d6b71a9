"""What is known of a voice before it is loaded."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from pywakeword.voices.installing.install import Recipe, is_installed
from pywakeword.voices.voice import Voice


@dataclass(frozen=True)
class VoiceEntry:
    """A voice of the registry.

    Attributes
    ----------
    name : str
        By which it is asked for.
    summary : str
        One line for a table.
    licence : str
        Of the voice.
    open : callable
        Loads it.
    recipe : Recipe, optional
        How to install it by pip and npm; without one, `find` says whether it is there.
    find : callable
        Whether it is on this machine.
    remedy : str
        How to get it, where pip and npm do not bring it.
    """

    name: str
    summary: str
    licence: str
    open: Callable[[], Voice]
    recipe: Recipe | None = None
    find: Callable[[], bool] = lambda: True
    remedy: str = ""

    @property
    def installed(self) -> bool:
        """Whether `open` can succeed."""
        return self.find() if self.recipe is None else is_installed(self.name)
